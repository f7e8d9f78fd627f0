const REDACTED = '[redacted]';

/** Text beyond this is not looked at: the cut is made at a space, so that no half of a secret is left over. */
const LONGEST_READ = 65_536;
/** Text beyond this is cut after redaction. */
const LONGEST_SHOWN = 2_000;
/** A known secret shorter than this is ignored: it would blank out ordinary words. */
const SHORTEST_SECRET = 4;

/** What secrets look like: provider keys, bearer and basic credentials, JSON web tokens, user info in URLs, key sub-protocols. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/\b(bearer|basic)\s+[\w.~+/=-]{4,8192}/gi, `$1 ${REDACTED}`],
  [/\b(?:ek|sk|rk|pk|sess|whsec)[-_][\w-]{6,8192}/g, REDACTED],
  [/\beyJ[\w-]{8,8192}\.[\w-]{0,8192}(?:\.[\w-]{0,8192})?/g, REDACTED],
  [/\/\/[^\s/@]{1,1024}@/g, `//${REDACTED}@`],
  [/(openai-insecure-api-key\.)[^\s,"']{1,8192}/g, `$1${REDACTED}`],
  [
    /\b((?:[\w-]{0,40}[-_])?(?:api[-_]?key|authorization|secret|password|passwd|token|signature|sig)["']?\s{0,4}[:=]\s{0,4}["']?)(?!\[redacted\]|bearer |basic )[^\s"',;&}]{1,8192}/gi,
    `$1${REDACTED}`,
  ],
];

/** Each of the patterns needs some other character: of names and words, most of what is looked at, only known secrets are sought. */
const PLAIN = /^[a-z\d]*$/i;

/** Removes secrets from text. */
export interface TextRedactor {
  /** The text without what looks like a secret and without every known one; at most some 2,000 characters. */
  text(text: string): string;
  /** Makes a secret known by its value, also base64- and URL-encoded. Returns what takes it back. */
  know(secret: string): () => void;
}

/**
 * A redactor with its own set of known secrets.
 *
 * @example
 * ```ts
 * const redactor = createTextRedactor();
 * redactor.text('Authorization: Bearer abcdefgh'); // 'Authorization: Bearer [redacted]'
 * ```
 */
export function createTextRedactor(): TextRedactor {
  const known = new Map<string, number>();
  return {
    text(text) {
      let clean = text;
      if (text.length > LONGEST_READ) {
        const cut = text.lastIndexOf(' ', LONGEST_READ);
        if (cut <= 0) return `[text of ${text.length} characters]`;
        clean = text.slice(0, cut);
      }
      for (const secret of known.keys()) clean = clean.replaceAll(secret, REDACTED);
      if (!PLAIN.test(clean)) {
        for (const [pattern, replacement] of PATTERNS) clean = clean.replace(pattern, replacement);
      }
      return clean.length <= LONGEST_SHOWN ? clean : `${clean.slice(0, LONGEST_SHOWN)}… (${text.length} characters)`;
    },
    know(secret) {
      if (secret.length < SHORTEST_SECRET) return () => undefined;
      const forms = new Set([
        secret,
        encodeURIComponent(secret.toWellFormed()),
        Buffer.from(secret).toString('base64'),
      ]);
      for (const form of forms) known.set(form, (known.get(form) ?? 0) + 1);
      let taken = false;
      return () => {
        if (taken) return;
        taken = true;
        for (const form of forms) {
          const uses = known.get(form) ?? 0;
          if (uses > 1) known.set(form, uses - 1);
          else known.delete(form);
        }
      };
    },
  };
}
