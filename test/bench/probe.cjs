'use strict';

// Loaded into a started program: writes to $PROBE what it had loaded when it began its first request or, as an app
// server, when it had answered `initialize` and goes on to load its methods.

const fs = require('node:fs');
const { registerHooks } = require('node:module');

const files = [];
registerHooks({
  load: (url, context, next) => {
    if (/table-[\w-]{8}\.js$/u.test(url)) tell();
    files.push(url);
    return next(url, context);
  },
});
const before = new Set(process.moduleLoadList);
require('node:diagnostics_channel').subscribe('http.client.request.start', tell);

function tell() {
  if (fs.existsSync(process.env.PROBE)) return;
  const builtins = process.moduleLoadList.filter((name) => !before.has(name));
  fs.writeFileSync(process.env.PROBE, JSON.stringify({ builtins, files }));
}
