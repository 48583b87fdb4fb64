/** Values that are secrets because of where they stand: in the configuration, or in a variable with such a name. */

/** A value and what its mark calls it. */
export interface Known {
  readonly kind: string;
  readonly value: string;
}

export interface KnownOptions {
  /** Values that are secrets. */
  readonly values?: readonly string[];
  /** Variables whose values are secrets, whatever they look like. */
  readonly env?: readonly string[];
  /** What the program knows of its own configuration: values that may be secrets, and variables that hold one. */
  readonly configured?: { readonly values: readonly string[]; readonly env: readonly string[] };
}

type Environment = Readonly<Record<string, string | undefined>>;

/** All secrets that are known by their value, the longest first. */
export function known(options: KnownOptions, env: Environment): readonly Known[] {
  const { values = [], env: named = [], configured = { values: [], env: [] } } = options;
  const place = placeOf(env);
  const isSecret = (value: string) => looksSecret(value) && !place.includes(value);
  const kind = 'configured';
  const found = [
    ...values.map((value) => ({ kind, value })),
    ...configured.values
      .flatMap(partsOf)
      .filter(isSecret)
      .map((value) => ({ kind, value })),
    ...[...named, ...configured.env].flatMap((name) => valueOf(name, env[name])),
    ...Object.entries(env).flatMap(([name, value = '']) => {
      const parts = isSecretName(name) ? partsOf(value) : passwordsIn(value);
      return parts.filter(isSecret).flatMap((part) => valueOf(name, part));
    }),
  ];
  const all = found.flatMap((one) => formsOf(one.value).map((value) => ({ ...one, value })));
  return all.toSorted((a, b) => b.value.length - a.value.length);
}

function valueOf(name: string, value = ''): readonly Known[] {
  return value.trim() === '' ? [] : [{ kind: name, value: value.trim() }];
}

/** Where and who the user is stands in every thread; a secret that is part of it is none. */
function placeOf({ HOME, PWD, USER, LOGNAME, HOSTNAME, USERPROFILE }: Environment): string {
  return [HOME, PWD, USER, LOGNAME, HOSTNAME, USERPROFILE].join('\n');
}

/** Words of names that hold a secret, alone or at the end of a longer word, and those that do only alone. */
const endings = 'KEY TOKEN SECRET PASSWORD PASSWD PASSPHRASE CREDENTIAL'.split(' ');
const whole = new Set('AUTH AUTHORIZATION PASS PWD PAT COOKIE CRED DSN'.split(' '));
/** What is said about a secret is none. */
const about = new Set([
  ...'URL URI FILE PATH DIR FOLDER HOST SERVER PORT SOCK NAME USER EMAIL SCOPE REGION'.split(' '),
  ...'TYPE KIND METHOD MODE ALG ALGORITHM VERSION FORMAT PROVIDER MODEL ENABLED'.split(' '),
  ...'SIZE LENGTH COUNT LIMIT TTL TIMEOUT EXPIRY'.split(' '),
]);

/** Whether a variable's name says that it holds a secret. What is public is none. */
export function isSecretName(name: string): boolean {
  const parts = name.toUpperCase().split('_');
  const last = parts.at(-1) ?? '';
  if (parts.includes('PUBLIC') || about.has(last) || about.has(singular(last))) return false;
  return parts.some((part) => isSecretWord(part) || isSecretWord(singular(part)));
}

function isSecretWord(word: string): boolean {
  return whole.has(word) || endings.some((ending) => word.endsWith(ending));
}

function singular(word: string): string {
  return word.endsWith('S') ? word.slice(0, -1) : word;
}

/** Words of people and of programs, and constants. */
const words = /^(?:[A-Z]?[a-z]+(?:[ _./-][A-Z]?[a-z]+)*|[A-Z]+(?:[ _-][A-Z]+)*)$/;
const longestWords = 32;
/** Numbers, dates and versions; paths; files; URLs; hosts; addresses of people. */
const plain =
  /^(?:[\d\s.,:;+/TZv-]+|(?:~|\.{0,2}|[A-Za-z]:)[\\/](?:[A-Za-z.][\w.@ -]*(?:[\\/].*)?)?|[\w.-]+(?:\/[\w.-]+)*\.(?:pem|key|crt|json|txt|ya?ml|toml|env|sock)|[A-Za-z][A-Za-z\d+.-]*:\/\/.*|(?:[a-z\d_-]+\.)+[a-z]{2,}(?::\d+)?|[^@\s]+@[\w-]+(?:\.[\w-]+)+)$/;

function looksSecret(value: string): boolean {
  if (value.length < 8) return false;
  if (isToken(value)) return true;
  return !plain.test(value) && (value.length > longestWords || !words.test(value));
}

/** Letters and digits, as most keys are: told without a pattern, which would cost a start more than all the rest. */
function isToken(value: string): boolean {
  let [hasLetter, hasDigit] = [false, false];
  for (const character of value.toLowerCase()) {
    // Dates and versions have letters too.
    if (character >= 'a' && character <= 'z') hasLetter ||= !'tvz'.includes(character);
    else if (character >= '0' && character <= '9') hasDigit = true;
    else if (character !== '-' && character !== '_') return false;
  }
  return hasLetter && hasDigit;
}

/** The value, what of it stands behind a scheme of HTTP authentication, its lines, the password of its URL. */
function partsOf(text: string): readonly string[] {
  const value = text.trim();
  const token = value.includes(' ')
    ? /^(?:Bearer|Basic|Token) +(\S+)$/.exec(value)?.[1]
    : undefined;
  const lines = value.includes('\n') ? value.split('\n').filter(isLong) : [];
  return [value, ...(token === undefined ? [] : [token]), ...lines, ...passwordsIn(value)];
}

const isLong = (line: string) => line.length >= 24 && !line.startsWith('-----');

function passwordsIn(text: string): readonly string[] {
  if (!text.includes('://') || !text.includes('@')) return [];
  const [, password] = /:\/\/[^\s/?#@:]*:([^\s/?#@]+)@/.exec(text) ?? [];
  return password === undefined ? [] : [password, decoded(password)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** As it is, in JSON, and in a URL. */
function formsOf(value: string): readonly string[] {
  const inJson = JSON.stringify(value).slice(1, -1);
  return [...new Set([value, inJson, encodeURIComponent(value.toWellFormed())])];
}
