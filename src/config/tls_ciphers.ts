// The runtime's TLS library has one set of ciphers and can't be told to leave some of them out. So a list of
// ciphers is kept if it allows all of that set, and refused if it doesn't: it may be there to forbid one.

interface Cipher {
  readonly name: string;
  /** OpenSSL's words for the groups that it is in. */
  readonly groups: readonly string[];
}

const COMMON = [
  ...["ALL", "DEFAULT", "HIGH", "TLSv1.2", "AEAD"],
  ...["ECDHE", "EECDH", "kECDHE", "kEECDH"],
];
const AES_GCM = ["AES", "AESGCM"];
const BY_CIPHER: readonly (readonly [string, readonly string[]])[] = [
  ["AES128-GCM-SHA256", [...AES_GCM, "AES128"]],
  ["AES256-GCM-SHA384", [...AES_GCM, "AES256"]],
  ["CHACHA20-POLY1305", ["CHACHA20"]],
];

/** Those of TLS 1.2 that the runtime offers. */
const CIPHERS: readonly Cipher[] = ["ECDSA", "RSA"].flatMap((key) =>
  BY_CIPHER.map(([cipher, groups]) => ({
    name: `ECDHE-${key}-${cipher}`,
    groups: [...COMMON, ...groups, key, `a${key}`],
  }))
);

/** Those of TLS 1.3. */
const SUITES = ["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"];

/**
 * @param list as OpenSSL's `ciphers` reads it: `HIGH:!aNULL`, `ECDHE+AESGCM`, or names.
 * @returns the ciphers of TLS 1.2 that are offered although the list does not allow them.
 */
export function findForbiddenCiphers(list: string): string[] {
  const allowed = new Set<Cipher>();
  const banned = new Set<Cipher>();
  for (const rule of list.split(/[:, ]+/).filter((each) => each !== "" && !each.startsWith("@"))) {
    const operator = /^[!+-]/.exec(rule)?.[0] ?? "";
    const groups = rule.slice(operator.length).split("+");
    const meant = CIPHERS.filter((cipher) =>
      groups.every((group) => group === cipher.name || cipher.groups.includes(group))
    );
    for (const cipher of meant) {
      if (operator === "!") banned.add(cipher);
      if (operator === "") allowed.add(cipher);
      if (operator === "-") allowed.delete(cipher);
    }
  }
  return CIPHERS.filter((cipher) => !allowed.has(cipher) || banned.has(cipher))
    .map(({ name }) => name);
}

/**
 * @param list names, with colons between them.
 * @returns the cipher suites of TLS 1.3 that are offered although the list does not allow them.
 */
export function findForbiddenSuites(list: string): string[] {
  const allowed = new Set(list.split(/[:, ]+/));
  return SUITES.filter((suite) => !allowed.has(suite));
}
