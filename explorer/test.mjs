// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Clicks through the explorer in headless Chromium. `node explorer.mjs PAGE SCREENSHOTS`; ci/explorer.sh calls it.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { chromium } from 'playwright-core';

const [root, shots] = process.argv.slice(2);
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm' };
const server = http.createServer((request, response) => {
  const file = path.join(root, path.normalize(new URL(request.url, 'http://x').pathname).replace(/\/$/, '/index.html'));
  if (!file.startsWith(root) || !fs.existsSync(file)) return response.writeHead(404).end();
  response.writeHead(200, { 'content-type': types[path.extname(file)] ?? 'text/plain' }).end(fs.readFileSync(file));
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const url = `http://127.0.0.1:${server.address().port}/`;

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const page = await browser.newPage({ viewport: { width: 1300, height: 1000 } });
const errors = [];
page.on('console', (message) => ['error', 'warning'].includes(message.type()) && errors.push(message.text()));
page.on('pageerror', (error) => errors.push(String(error)));
const ready = () => page.waitForFunction(() => document.body.dataset.ready === 'yes');
const status = () => page.textContent('#status');
const shot = (name) => page.screenshot({ path: path.join(shots, `${name}.png`), fullPage: name !== 'steal' });

await page.goto(url);
await ready();
await shot('start');

// By hand: send, look, tamper, deliver, repair, deliver.
await page.fill('form[data-from="0"] input[name=text]', 'by hand');
await page.click('form[data-from="0"] button');
assert.match(await status(), /Alice sends message 1/);
assert.ok(await page.isVisible('#layers .m-pq'));
await page.click('text="Deliver"');
assert.match(await status(), /Bob reads “by hand”/);
await page.click('text="Deliver"');
assert.match(await status(), /Bob refuses message 1/);
// By keyboard alone.
await page.focus('form[data-from="1"] input[name=text]');
await page.keyboard.press('Control+A');
await page.keyboard.type('typed');
await page.keyboard.press('Enter');
assert.match(await status(), /Bob sends message 2/);
const shared = page.url();

for (const scene of ['first', 'loss', 'tamper', 'sealed', 'steal']) {
  await page.click(`[data-scene=${scene}]`);
  await shot(scene);
  const letters = await page.textContent('#letters');
  if (scene === 'loss') assert.match(letters, /read: “four”/);
  if (scene === 'tamper') assert.match(letters, /already received|duplicate/i);
  if (scene === 'sealed') {
    assert.match(await page.textContent('#service'), /not told/);
    assert.match(await page.textContent('#layers'), /Sealed sender envelope/);
  }
  if (scene === 'steal') {
    const told = await page.textContent('#thief-hint');
    console.log(told);
    const [classical, quantum] = [...told.matchAll(/locked out after (\d+)/g)].map((match) => Number(match[1]));
    assert.ok(classical < 10 && quantum > classical && quantum < 220, told);
  }
}

// The address replays what was done.
await page.goto('about:blank');
await page.goto(shared);
await ready();
assert.match(await page.textContent('#letters'), /Bob → Alice/);
assert.match(await page.textContent('#letters'), /already received|duplicate/i);
const bytes = await page.textContent('#layers');
await page.goto('about:blank');
await page.goto(shared);
await ready();
assert.equal(await page.textContent('#layers'), bytes, 'the same address shows the same bytes');

// Everything that can be clicked has a name, and the page no field without a label.
const nameless = await page.$$eval('button, input', (all) => all.filter((one) => !(one.textContent.trim() || one.ariaLabel || one.labels?.length)).length);
assert.equal(nameless, 0);
await page.setViewportSize({ width: 420, height: 900 });
await shot('narrow');
assert.deepEqual(errors, [], 'the console stays empty');
await browser.close();
server.close();
console.log('the explorer works');
