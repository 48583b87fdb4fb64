/** The page that a browser is shown: it starts a thread, says something, and shows what comes. */

import type { Page } from '../serving/answers.ts';

const style = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem }
pre { white-space: pre-wrap; margin: 0 0 1rem } .by { color: #777 } form { display: flex; gap: .5rem }
input { flex: 1; font: inherit; padding: .4rem } button { font: inherit }
`;

const body = `
<div id="log"></div>
<form id="form"><input id="text" placeholder="What shall be done?" autofocus><button>Send</button></form>
`;

const script = `
let session; let thread; let events; let next = 0; const items = new Map();
const log = document.getElementById('log');
const line = (by, text) => {
  const pre = document.createElement('pre');
  const who = document.createElement('span');
  who.className = 'by'; who.textContent = by + ' ';
  const rest = document.createElement('span'); rest.textContent = text;
  pre.append(who, rest); log.append(pre); pre.scrollIntoView();
  return rest;
};
const post = async (message) => {
  const headers = { 'content-type': 'application/json' };
  if (session !== undefined) headers['spindle-session'] = session;
  const response = await fetch('/rpc', { method: 'POST', headers, body: JSON.stringify(message) });
  session = response.status === 404 ? undefined : (response.headers.get('spindle-session') ?? session);
  if (response.status === 202) return undefined;
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return JSON.parse(text);
};
const ask = async (method, params) => {
  const { result, error } = await post({ id: next++, method, params });
  if (error !== undefined) throw new Error(error.message);
  return result;
};
const textOf = (item) => item.text ?? item.command ?? (item.content ?? []).map((one) => one.text ?? '').join(' ');
const on = {
  'item/started': ({ item }) => items.set(item.id, line(item.type, textOf(item) ?? '')),
  'item/agentMessage/delta': ({ itemId, delta }) => items.get(itemId)?.append(delta),
  'item/commandExecution/outputDelta': ({ itemId, delta }) => items.get(itemId)?.append('\\n' + delta),
  'item/completed': ({ item }) => {
    const shown = items.get(item.id) ?? line(item.type, '');
    shown.textContent = (textOf(item) ?? '') + (item.aggregatedOutput ? '\\n' + item.aggregatedOutput : '');
  },
  'turn/completed': ({ turn }) => line('turn', turn.status),
  error: ({ error }) => line('error', error.message),
};
const answer = ({ id, method, params }) => {
  const yes = method.endsWith('requestApproval') && confirm((params.command ?? params.reason ?? method) + '\\n\\nAllow?');
  if (method === 'item/permissions/requestApproval')
    return post({ id, result: { permissions: yes ? params.permissions : {} } });
  return post(method.endsWith('requestApproval')
    ? { id, result: { decision: yes ? 'accept' : 'decline' } }
    : { id, error: { code: -32601, message: 'this page cannot answer that' } });
};
const start = async () => {
  await ask('initialize', { clientInfo: { name: 'spindle-page', version: '1' } });
  await post({ method: 'initialized' });
  events?.close();
  events = new EventSource('/events?session=' + session);
  events.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if ('id' in message) void answer(message);
    else on[message.method]?.(message.params);
  };
  events.addEventListener('lost', () => thread && ask('thread/resume', { threadId: thread }));
  if (thread !== undefined) await ask('thread/resume', { threadId: thread });
};
const say = async (text) => {
  if (session === undefined) await start();
  thread ??= (await ask('thread/start', {})).thread.id;
  await ask('turn/start', { threadId: thread, input: [{ type: 'text', text, text_elements: [] }] });
};
document.getElementById('form').onsubmit = async (event) => {
  event.preventDefault();
  const input = document.getElementById('text');
  const text = input.value; input.value = '';
  try {
    // A session that nobody used has ended: once more, with a new one.
    await say(text).catch((error) => { if (session !== undefined) throw error; return say(text); });
  } catch (error) { line('error', error.message); }
};
`;

/** The built-in page. */
export const page: Page = { title: 'Spindle', body, style, script };
