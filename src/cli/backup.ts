// `midge backup` and `midge restore`: a copy of a store, taken beside the running broker, and put back.

import type { Command } from "commander";
import { backupStore, restoreStore } from "../store/backup.ts";
import type { Session } from "./commands.ts";
import { type StorePlace, withStore, withStorePlace } from "./store_place.ts";

export function defineBackup(command: Command, session: Session): void {
  withStorePlace(
    command.description(
      "Copies the store of a broker to FILE, as it is at this moment; the broker may run, and goes on\n" +
        "meanwhile. The copy is checked before it takes the place of an earlier one. It holds all\n" +
        "sessions, queued and retained messages: keep it where nobody else can read it.",
    ).usage("(-c CONFIG | --store PATH) FILE").argument("<FILE>"),
  ).action(async (file: string, place: StorePlace) => {
    session.exitCode = await withStore(place, session, async (path) => {
      const bytes = await backupStore(path, file);
      session.print(`${path} is copied to ${file}, and the copy is good: ${bytes} bytes.\n`);
    });
  });
}

export function defineRestore(command: Command, session: Session): void {
  withStorePlace(
    command.description(
      "Puts the backup FILE in the place of a broker's store. The broker must not run. What is there\n" +
        "now is kept beside it, under a new name.",
    ).usage("(-c CONFIG | --store PATH) FILE").argument("<FILE>"),
  ).action(async (file: string, place: StorePlace) => {
    session.exitCode = await withStore(place, session, (path) => {
      const kept = restoreStore(file, path, Date.now());
      session.print(`${path} is what ${file} was.\n`);
      if (kept !== undefined) session.print(`The store before is kept as ${kept}.\n`);
    });
  });
}
