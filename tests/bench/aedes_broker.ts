/** aedes as its documentation starts it, on a loopback port: `aedes_broker.ts PORT`. */

import { createServer } from "node:net";
import { Aedes } from "aedes";

const aedes = await Aedes.createBroker();
createServer((socket) => {
  socket.setNoDelay(true);
  aedes.handle(socket);
}).listen(Number(Deno.args[0]), "127.0.0.1");
