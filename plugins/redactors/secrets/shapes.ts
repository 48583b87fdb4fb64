/** How secrets look that can be told by their shape, as their makers document them. */

/** One shape, as sources of regular expressions without groups that capture. */
export interface Shape {
  readonly kind: string;
  /** Stands before the secret and stays. */
  readonly before?: string;
  readonly secret: string;
}

/** No token begins in the middle of a word: encrypted reasoning and other base64url never match. */
const start = String.raw`(?<![\w-])`;
/** The same for tokens that could stand in plain base64, such as that of an image. */
const startInBase64 = String.raw`(?<![\w+/-])`;
/** A name, then `:` or `=`, with the quotes of JSON, of JSON in JSON, and of shells. */
const assigned = String.raw`["'\\]*\s*[:=]\s*["'\\]*`;
// Names of HTTP in the cases they are written in: a pattern that ignores case takes ten times as long to compile.
const authorization = '(?:[Aa]uthorization|AUTHORIZATION)';
const scheme = String.raw`(?:[Bb]earer|[Bb]asic|[Tt]oken|BEARER|BASIC|TOKEN)\s+`;
const keyHeader =
  '(?:[Aa]pi-[Kk]ey|API-KEY|(?:[Pp]rivate|[Aa]uth)-[Tt]oken|(?:PRIVATE|AUTH)-TOKEN)';
/** Placeholders have no digit, and lower-case words no run of letters and digits. */
const isRandom = String.raw`(?=[\w-]{0,80}?[A-Za-z0-9]{16})(?=[A-Za-z_-]{0,60}\d)`;
const keyBody = String.raw`(?:(?:\W{1,8}\d{1,6})?\W{1,8}[A-Za-z0-9+/=]{24,})*`;

/** The shapes. What they have no word for, such as a commit's hash or a UUID, is no secret. */
export const shapes: readonly Shape[] = [
  {
    // RFC 7468, also when its lines are numbered, quoted or escaped, and when its end is cut off.
    kind: 'private-key',
    before: '-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----',
    secret: String.raw`[^]{0,160}?[A-Za-z0-9+/]{24,}${keyBody}(?:[^]{0,100}?(?=-----END ))?`,
  },
  {
    kind: 'authorization',
    before: `(?:${authorization}${assigned}${scheme}|${keyHeader}${assigned})`,
    secret: String.raw`(?=[A-Za-z.~+/=_-]{0,80}\d)[\w.~+/=-]{16,}`,
  },
  {
    // RFC 3986, 3.2.1. Variables and the words of examples are no secrets.
    kind: 'password',
    before: String.raw`:\/\/[^\s\/?#@:"'<>\\]{0,100}:`,
    secret: String.raw`(?![a-z]{1,12}@|[^@\s]{0,100}(?:[$*{}<>]|%s))[^\s\/?#@"'<>\\]{1,200}(?=@)`,
  },
  { kind: 'anthropic-key', secret: String.raw`${start}sk-ant-${isRandom}[\w-]{20,}` },
  { kind: 'openai-key', secret: String.raw`${start}sk-${isRandom}[\w-]{20,}` },
  {
    kind: 'github-token',
    secret: String.raw`${start}(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_\w{22,255})`,
  },
  {
    kind: 'gitlab-token',
    secret: String.raw`${start}gl(?:pat|oas|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct)-[\w.-]{20,300}`,
  },
  {
    kind: 'slack-token',
    secret: String.raw`${start}(?:xox[abeoprs]-(?=[A-Za-z-]{0,20}\d)[\w-]{10,}|xapp-\d-[\w-]{20,})`,
  },
  {
    kind: 'slack-webhook',
    before: String.raw`hooks\.slack\.com\/(?:services|workflows)\/`,
    secret: String.raw`[\w\/]{30,}`,
  },
  {
    kind: 'aws-key',
    secret: String.raw`${startInBase64}(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![\w+/-])`,
  },
  {
    kind: 'aws-secret',
    before: String.raw`(?:aws_(?:secret_access_key|session_token)|AWS_(?:SECRET_ACCESS_KEY|SESSION_TOKEN)|[sS]ecretAccessKey|[sS]essionToken)${assigned}`,
    secret: String.raw`[A-Za-z0-9+/=]{40,}`,
  },
  {
    kind: 'google-key',
    secret: String.raw`${startInBase64}(?:AIza[\w-]{35}(?![\w+/-])|ya29\.[\w-]{20,}|GOCSPX-[\w-]{28})`,
  },
  { kind: 'npm-token', secret: String.raw`${start}npm_[A-Za-z0-9]{36}(?!\w)` },
  { kind: 'pypi-token', secret: String.raw`${start}pypi-AgE[\w-]{50,}` },
  { kind: 'stripe-key', secret: String.raw`${start}[rs]k_(?:live|test)_[A-Za-z0-9]{16,}` },
  { kind: 'huggingface-token', secret: String.raw`${start}hf_[A-Za-z0-9]{34,}` },
  // RFC 7519, signed or encrypted.
  { kind: 'jwt', secret: String.raw`${start}eyJ[\w-]{8,}\.(?:eyJ)?[\w-]{8,}\.[\w-]{16,}[\w.-]*` },
];
