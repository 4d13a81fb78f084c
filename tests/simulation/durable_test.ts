// The simulated worlds whose broker has a store, and is killed or stopped in the midst of it all.

import { testWorlds } from "./worlds.ts";

testWorlds((scenario) => scenario === "durable");
