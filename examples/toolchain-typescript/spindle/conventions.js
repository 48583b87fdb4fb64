import { prompts } from 'spindle';

/** What this repository wants every thread to know. */
export default function conventions() {
  const text =
    'New behaviour comes with a test in test/. Functions that are exported have a docstring.';
  return {
    name: 'conventions',
    api: 1,
    setup(host) {
      host.add(prompts, {
        name: 'conventions',
        stability: 'fixed',
        read: () => [{ role: 'developer', source: 'spindle/conventions.js', text, pinned: true }],
      });
    },
  };
}
