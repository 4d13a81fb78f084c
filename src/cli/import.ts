// `midge import mosquitto.db`: what Mosquitto has kept comes along.

import type { Command } from "commander";
import { importIntoStore } from "../store/import_into_store.ts";
import type { Session } from "./commands.ts";
import { type StorePlace, withStore, withStorePlace } from "./store_place.ts";

/** So many of what was left behind are named. */
const NAMED = 10;

export function defineImport(command: Command, session: Session): void {
  withStorePlace(
    command.description(
      "Takes over what Mosquitto has kept in FILE (mosquitto.db of 1.6, 2.0 and 2.1): sessions,\n" +
        "subscriptions, queued and retained messages. Stop Mosquitto first, so that it has saved all;\n" +
        "FILE is only read. midge must not run, and its store must be empty.",
    ).usage("(-c CONFIG | --store PATH) FILE").argument("<FILE>"),
  ).action(async (file: string, place: StorePlace) => {
    session.exitCode = await withStore(place, session, (path) => {
      const { sessions, subscriptions, queued, retained, left } = importIntoStore(file, path);
      session.print(
        `${path} has now, from ${file}: sessions ${sessions}, subscriptions ${subscriptions}, ` +
          `queued messages ${queued}, retained messages ${retained}.\n`,
      );
      for (const what of left.slice(0, NAMED)) session.printError(`Left behind: ${what}\n`);
      if (left.length > NAMED) session.printError(`And ${left.length - NAMED} more.\n`);
    });
  });
}
