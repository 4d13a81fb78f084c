// deno task sbom: prints what is inside of the executable, as CycloneDX 1.5: Deno, and the npm packages that src
// reaches by deno.lock, each with its checksum. Those of the tests are not in it, and so not here.

import config from "../../deno.json" with { type: "json" };
import { writeText } from "../../src/observe/console.ts";

/** As `deno.lock` has it: `name@version`, its checksum, and the names of what it needs. */
interface LockedPackage {
  readonly integrity?: string;
  readonly dependencies?: readonly string[];
  readonly optionalDependencies?: readonly string[];
}

interface Component {
  readonly type: "library" | "platform";
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes?: readonly { readonly alg: "SHA-512"; readonly content: string }[];
}

const { specifiers, npm: packages }: {
  /** `npm:pkijs@4.0.0` is `4.0.0_asn1js@4.0.0`: behind the version is what it shares with others. */
  readonly specifiers: Readonly<Record<string, string>>;
  readonly npm: Readonly<Record<string, LockedPackage>>;
} = JSON.parse(Deno.readTextFileSync(new URL("../../deno.lock", import.meta.url)));
const imports: Readonly<Record<string, string>> = config.imports;

/** The names in deno.json that files of src import. */
export function importedNames(texts: Iterable<string>): string[] {
  const names = new Set<string>();
  for (const text of texts) {
    for (const [, name] of text.matchAll(/(?:\bfrom\s*|\bimport\()\s*"([^"]+)"/g)) {
      if (name! in imports) names.add(name!);
    }
  }
  return [...names].toSorted();
}

/** Those packages, and all that they need, in the order of their names. @param names as in deno.json. */
export function findComponents(names: readonly string[]): Component[] {
  const found = new Set<string>();
  const visit = (key: string): void => {
    if (found.has(key)) return;
    found.add(key);
    const { dependencies = [], optionalDependencies = [] } = packages[key] ?? {};
    for (const each of [...dependencies, ...optionalDependencies]) visit(resolve(each));
  };
  for (const name of names) {
    const specifier = imports[name]!;
    visit(specifier.replace(/^npm:/, "").replace(/[^@]+$/, specifiers[specifier]!));
  }
  return [...found].toSorted().map(toComponent);
}

/** A dependency goes by its name alone where there is one version of it. */
function resolve(dependency: string): string {
  if (dependency in packages) return dependency;
  const keys = Object.keys(packages).filter((key) => key.startsWith(`${dependency}@`));
  if (keys.length !== 1) throw new Error(`deno.lock has ${keys.length} of ${dependency}`);
  return keys[0]!;
}

function toComponent(key: string): Component {
  const at = key.indexOf("@", 1);
  const [name, version] = [key.slice(0, at), key.slice(at + 1).replace(/_.*/, "")];
  const integrity = packages[key]?.integrity;
  return {
    type: "library",
    name,
    version,
    purl: `pkg:npm/${name.replace(/^@/, "%40")}@${version}`,
    ...integrity !== undefined && {
      hashes: [{
        alg: "SHA-512",
        content: Uint8Array.fromBase64(integrity.replace(/^sha512-/, "")).toHex(),
      }],
    },
  };
}

/** The whole document. */
export function makeSbom(texts: Iterable<string>): Record<string, unknown> {
  const deno: Component = {
    type: "platform",
    name: "deno",
    version: Deno.version.deno,
    purl: `pkg:github/denoland/deno@v${Deno.version.deno}`,
  };
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: {
      component: {
        type: "application",
        name: "midge",
        version: config.version,
        licenses: [{ license: { id: config.license } }],
      },
    },
    components: [deno, ...findComponents(importedNames(texts))],
  };
}

/** The texts of all modules below `folder`. */
export function* textsIn(folder: URL): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* textsIn(new URL(`${name}/`, folder));
    else if (name.endsWith(".ts")) yield Deno.readTextFileSync(new URL(name, folder));
  }
}

if (import.meta.main) {
  const sbom = makeSbom(textsIn(new URL("../../src/", import.meta.url)));
  writeText("stdout", `${JSON.stringify(sbom, null, 2)}\n`);
}
