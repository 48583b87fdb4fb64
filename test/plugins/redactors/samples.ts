/** Made-up secrets of every shape. They are put together here, so that no scanner takes this file for a leak. */

const alphabet = 'aB3cD4eF5gH6iJ7kL8mN9oP0qR1sT2uVwXyZ';

/** That many letters and digits which look random and are always the same. */
export function letters(count: number, from = 0): string {
  return Array.from({ length: count }, (_, at) => alphabet[(from + at * 7) % alphabet.length]).join(
    '',
  );
}

const upper = (count: number) =>
  letters(count)
    .toUpperCase()
    .replaceAll(/[0189]/g, 'Q');
const pem = (kind: string) => {
  const lines = Array.from({ length: 6 }, (_, at) => letters(64, at)).join('\n');
  return { head: `-----BEGIN ${kind}-----`, lines, tail: `-----END ${kind}-----` };
};

/** By kind. */
export const tokens: Readonly<Record<string, string>> = {
  'openai-key': `sk-proj-${letters(40)}_${letters(40, 3)}-${letters(20, 5)}`,
  'anthropic-key': `sk-ant-api03-${letters(60)}-${letters(30, 2)}AA`,
  'github-token': `ghp_${letters(36)}`,
  'gitlab-token': `glpat-${letters(20)}`,
  'slack-token': `xoxb-123456789012-${letters(24)}`,
  'aws-key': `AKIA${upper(16)}`,
  'google-key': `AIza${letters(35)}`,
  'npm-token': `npm_${letters(36)}`,
  'pypi-token': `pypi-AgEIcHlwaS5vcmc${letters(60)}`,
  'stripe-key': `sk_live_${letters(24)}`,
  'huggingface-token': `hf_${letters(34)}`,
  jwt: `eyJ${letters(30)}.eyJ${letters(50, 4)}.${letters(43, 9)}`,
};

/** A private key in its lines. */
export const privateKey: { readonly head: string; readonly lines: string; readonly tail: string } =
  pem('RSA PRIVATE KEY');
