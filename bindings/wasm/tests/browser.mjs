// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The quick start in headless Chromium. `node browser.mjs FOLDER`, where FOLDER is bindings/wasm; ci/node.sh calls it.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { chromium } from 'playwright-core';

const root = path.resolve(process.argv[2]);
const types = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };
const server = http.createServer((request, response) => {
  const file = path.join(root, path.normalize(new URL(request.url, 'http://x').pathname));
  if (!file.startsWith(root) || !fs.existsSync(file)) return response.writeHead(404).end();
  response.writeHead(200, { 'content-type': types[path.extname(file)] ?? 'text/plain' }).end(fs.readFileSync(file));
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const page = await browser.newPage(), errors = [];
page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
page.on('pageerror', (error) => errors.push(String(error)));
await page.goto(`http://127.0.0.1:${server.address().port}/examples/browser.html`);
await page.waitForFunction(() => document.querySelector('#out').textContent !== '', null, { timeout: 20_000 });
assert.equal(await page.textContent('#out'), 'Bob reads "hello".');
assert.deepEqual(errors, []);
console.log('Chromium:', await page.textContent('#out'));
await browser.close();
server.close();
