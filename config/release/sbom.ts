// deno task sbom: prints what is inside of the executable, as CycloneDX 1.5: Deno, and the npm packages that src
// reaches by deno.lock, each with its checksum and what it needs. Those of the tests are not in it, and so not here.

import config from "../../deno.json" with { type: "json" };
import { writeText } from "../../src/observe/console.ts";

/** As `deno.lock` has it: `name@version`, its checksum, and the names of what it needs. */
interface LockedPackage {
  readonly integrity?: string;
  readonly dependencies?: readonly string[];
  readonly optionalDependencies?: readonly string[];
}

interface Component {
  readonly "bom-ref": string;
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
  return findKeys(names).map(toComponent);
}

function findKeys(names: readonly string[]): string[] {
  const found = new Set<string>();
  const visit = (key: string): void => {
    if (found.has(key)) return;
    found.add(key);
    neededBy(key).forEach(visit);
  };
  names.map(keyOf).forEach(visit);
  return [...found].toSorted();
}

/** Under what a name of deno.json goes in deno.lock. */
function keyOf(name: string): string {
  const specifier = imports[name]!;
  return specifier.replace(/^npm:/, "").replace(/[^@]+$/, specifiers[specifier]!);
}

function neededBy(key: string): string[] {
  const { dependencies = [], optionalDependencies = [] } = packages[key] ?? {};
  return [...dependencies, ...optionalDependencies].map(resolve);
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
    "bom-ref": key,
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

/**
 * The whole document.
 *
 * @param made when it is made
 * @param serialNumber a UUID of this document alone
 */
export function makeSbom(
  texts: Iterable<string>,
  made: Date,
  serialNumber: string,
): Record<string, unknown> {
  const deno: Component = {
    "bom-ref": "deno",
    type: "platform",
    name: "deno",
    version: Deno.version.deno,
    purl: `pkg:github/denoland/deno@v${Deno.version.deno}`,
  };
  const names = importedNames(texts);
  const keys = findKeys(names);
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    serialNumber: `urn:uuid:${serialNumber}`,
    version: 1,
    metadata: {
      timestamp: made.toISOString(),
      component: {
        "bom-ref": "midge",
        type: "application",
        name: "midge",
        version: config.version,
        purl: `pkg:generic/midge@${config.version}`,
        licenses: [{ license: { id: config.license } }],
      },
    },
    components: [deno, ...keys.map(toComponent)],
    dependencies: [
      { ref: "midge", dependsOn: ["deno", ...names.map(keyOf)] },
      { ref: "deno" },
      ...keys.map((key) => ({ ref: key, dependsOn: neededBy(key) })),
    ],
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
  const texts = textsIn(new URL("../../src/", import.meta.url));
  const sbom = makeSbom(texts, new Date(), crypto.randomUUID());
  writeText("stdout", `${JSON.stringify(sbom, null, 2)}\n`);
}
