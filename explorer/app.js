// SPDX-License-Identifier: MIT OR Apache-2.0

// The page of the explorer. All that happens is a list of actions, which is in the address: to load a page is to do them
// again with the same seed.

import init, { Lab } from './pkg/lab.js';

const NAMES = ['Alice', 'Bob'];
const $ = (selector) => document.querySelector(selector);
const element = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

let lab, seed, actions, letters, order, stolen, heard;

// ---------------------------------------------------------------- actions

const DO = {
  send: ([from, sealed, text]) => {
    const sent = JSON.parse(lab.send(Number(from), text, sealed === '1'));
    const letter = { ...sent, text, sealed: sealed === '1', service: JSON.parse(lab.service(sent.id)), fate: null };
    letters.push(letter);
    order.push(sent.id);
    const told = JSON.parse(lab.stolenSend());
    if (told) heard.push({ id: sent.id, from: sent.from, ...told });
    return `${NAMES[sent.from]} sends message ${sent.id + 1}: ${letter.service.length} bytes.`;
  },
  deliver: ([id]) => {
    const letter = letters[id], got = JSON.parse(lab.deliver(Number(id)));
    letter.fate = got.error ? { bad: got.error } : { ok: got.text };
    Object.assign(letter, { received: got });
    if (got.thief) heard.push({ id: Number(id), from: letter.from, ...got.thief });
    const reader = NAMES[got.to];
    return got.error ? `${reader} refuses message ${Number(id) + 1}: ${got.error}. Nothing changes.` : `${reader} reads “${got.text}”.`;
  },
  drop: ([id]) => {
    letters[id].fate = { bad: 'lost' };
    order = order.filter((other) => other !== Number(id));
    return `Message ${Number(id) + 1} is lost.`;
  },
  later: ([id]) => {
    order = [...order.filter((other) => other !== Number(id)), Number(id)];
    return `Message ${Number(id) + 1} comes after the others.`;
  },
  swap: ([id]) => {
    const at = order.indexOf(Number(id));
    if (at > 0) [order[at - 1], order[at]] = [order[at], order[at - 1]];
    return `Message ${Number(id) + 1} overtakes the one before.`;
  },
  tamper: ([id, place]) => {
    lab.tamper(Number(id), Number(place));
    letters[id].tampered = [...(letters[id].tampered ?? []), Number(place)];
    return `A bit of byte ${place} of message ${Number(id) + 1} is flipped.`;
  },
  steal: ([of]) => {
    lab.steal(Number(of));
    [stolen, heard] = [Number(of), []];
    return `${NAMES[of]}’s state is stolen. Go on writing, in both directions.`;
  },
};

/** Does an action and notes it in the address. */
function act(name, ...parts) {
  let said;
  try {
    said = DO[name](parts.map(String));
  } catch (error) {
    $('#status').textContent = String(error.message ?? error);
    return;
  }
  actions.push([name, ...parts]);
  const log = actions.map((action) => action.map(encodeURIComponent).join('.')).join('~');
  history.replaceState(null, '', `#seed=${encodeURIComponent(seed)}&log=${log}`);
  $('#status').textContent = said;
}

function begin(newSeed, log = []) {
  seed = newSeed;
  lab?.free();
  lab = new Lab(seed);
  [actions, letters, order, stolen, heard] = [[], [], [], null, []];
  history.replaceState(null, '', `#seed=${encodeURIComponent(seed)}`);
  $('#seed').value = seed;
  $('#status').textContent = 'Alice has fetched Bob’s bundle and begun a session. She writes first.';
  for (const action of log) act(...action);
  const last = letters.at(-1);
  show(last?.id);
}

// ---------------------------------------------------------------- scenes

const SCENES = {
  first: [['send', 0, 0, 'hello'], ['deliver', 0], ['send', 1, 0, 'hi'], ['deliver', 1], ['send', 0, 0, 'how are you?'], ['deliver', 2]],
  loss: [['send', 0, 0, 'one'], ['deliver', 0], ['send', 0, 0, 'two'], ['send', 0, 0, 'three'], ['send', 0, 0, 'four'], ['drop', 1], ['deliver', 3], ['deliver', 2]],
  tamper: [['send', 0, 0, 'pay 10'], ['deliver', 0], ['send', 1, 0, 'ok'], ['deliver', 1], ['send', 0, 0, 'pay 10 again'], ['tamper', 2, 60], ['deliver', 2], ['tamper', 2, 60], ['deliver', 2], ['deliver', 2]],
  sealed: [['send', 0, 0, 'hello'], ['deliver', 0], ['send', 1, 0, 'hi'], ['deliver', 1], ['send', 0, 1, 'hush'], ['deliver', 2], ['send', 1, 1, 'hush'], ['deliver', 3]],
  steal: [
    ['send', 0, 0, 'hello'], ['deliver', 0], ['send', 1, 0, 'hi'], ['deliver', 1], ['steal', 0],
    ...Array.from({ length: 220 }, (_, n) => [['send', n % 2 ? 0 : 1, 0, `message ${n}`], ['deliver', n + 2]]).flat(),
  ],
};

// ---------------------------------------------------------------- showing

const PQ_STATES = { };

/** The lines of a state: a name and a value. */
function lines(state) {
  if (!state) return [['session', 'none yet']];
  const chain = (chain) => (chain ? `key ${chain.ratchetKey}…, next ${chain.index ?? '–'}, chain ${chain.chainKey ?? 'used up'}…` : 'none');
  const { pq } = state;
  return [
    ['root key', `${state.root}…`],
    ['sending chain', chain(state.sending)],
    ...(state.receiving.length ? state.receiving : [null]).map((receiving, n, all) => [
      `receiving chain${all.length > 1 ? ` ${n + 1}` : ''}`,
      receiving ? `${chain(receiving)}${receiving.skipped.length ? `, skipped: ${receiving.skipped.join(' ')}` : ''}` : 'none',
    ]),
    ['skipped keys', String(state.receiving.reduce((sum, receiving) => sum + receiving.skipped.length, 0))],
    ['post-quantum', pq.state ? `${PQ_STATES[pq.state] ?? pq.state}, epoch ${pq.epoch}` : 'off'],
    ['its chains', pq.chainEpoch === null ? 'not begun' : `epoch ${pq.chainEpoch}, sends with ${pq.sendEpoch}, root ${pq.root}…`],
    ['its chunks', (pq.coderBytes ?? []).length ? `${pq.coderBytes.join(' and ')} bytes under way` : 'none under way'],
    ['acknowledged', state.unacknowledged ? 'not yet: each message carries the prekeys' : 'yes'],
  ];
}

function list(state, before) {
  const old = new Map(before ? lines(before) : []);
  const changed = ([name, value]) => before !== undefined && old.get(name) !== value;
  return element('dl', {}, ...lines(state).flatMap((line) => [
    element('dt', { textContent: line[0] }),
    element('dd', { textContent: line[1], className: changed(line) ? 'changed' : '' }),
  ]));
}

function layer({ title, bytes, ranges }) {
  const pairs = bytes.match(/../g) ?? [];
  const spans = ranges.map((range) => {
    const span = element('span', { className: `m-${range.meaning}`, title: `${range.what} (${range.end - range.start} bytes)` });
    span.textContent = pairs.slice(range.start, range.end).join(' ');
    return span;
  });
  const key = ranges.filter((range) => range.meaning !== 'frame').map((range) => element('li', {},
    element('i', { className: `m-${range.meaning}`, textContent: `${range.start}–${range.end - 1}` }), range.what));
  return element('article', {}, element('h3', { textContent: `${title} · ${pairs.length} bytes` }),
    element('p', { className: 'bytes', tabIndex: 0, ariaLabel: `Bytes of ${title}` }, ...spans.flatMap((span) => [span, ' '])),
    element('ul', { className: 'key' }, ...key));
}

function inside(id) {
  const letter = letters[id];
  $('#inside').hidden = !letter;
  if (!letter) return;
  $('#inside-id').textContent = `${id + 1}, from ${NAMES[letter.from]}`;
  $('#layers').replaceChildren(...JSON.parse(lab.layers(id)).map(layer));
  const sides = [[`${NAMES[letter.from]} sends`, letter.before, letter.after]];
  if (letter.received) sides.push([`${NAMES[1 - letter.from]} receives`, letter.received.before, letter.received.after]);
  $('#changes').replaceChildren(...sides.map(([title, before, after]) => element('div', {},
    element('h3', { textContent: title }),
    element('div', { className: 'before-after' }, list(before), list(after, before)))));
}

function envelope(letter) {
  const { id, fate } = letter;
  const button = (text, name, ...parts) => element('button', {
    textContent: text, ariaLabel: `${text} message ${id + 1}`,
    onclick: () => { act(name, id, ...parts.map((part) => (typeof part === 'function' ? part() : part))); show(id); },
  });
  const place = element('input', { type: 'number', min: 0, max: letter.service.length - 1, value: Math.min(60, letter.service.length - 1), ariaLabel: `Byte of message ${id + 1}` });
  const what = `${id + 1}. ${NAMES[letter.from]} → ${NAMES[1 - letter.from]}, ${letter.service.length} bytes${letter.sealed ? ', sealed' : ''}${letter.tampered ? ', tampered' : ''}`;
  const outcome = fate && element('span', { className: fate.bad ? 'bad' : 'ok', textContent: fate.bad ? ` – ${fate.bad}` : ` – read: “${fate.ok}”` });
  return element('li', {},
    element('span', { className: 'what' }, what, ...(outcome ? [outcome] : [])),
    button('Deliver', 'deliver'), button('Later', 'later'), button('Swap', 'swap'), button('Drop', 'drop'), place, button('Tamper', 'tamper', () => place.value),
    element('button', { textContent: 'Look inside', ariaLabel: `Look inside message ${id + 1}`, onclick: () => inside(id) }));
}

function show(looking) {
  for (const place of document.querySelectorAll('.state')) place.replaceChildren(list(JSON.parse(lab.state(Number(place.dataset.of)))));
  $('#letters').replaceChildren(...order.slice(-14).map((id) => envelope(letters[id])));
  const row = (...cells) => element('tr', {}, ...cells.map((cell) => (typeof cell === 'string' ? element('td', { textContent: cell }) : cell)));
  const kinds = { 2: 'message', 3: 'first message' };
  $('#service tbody').replaceChildren(...letters.slice(-14).map(({ id, service }) => row(
    String(id + 1), service.sender ?? 'not told', service.recipient, service.kind === null ? 'not told' : kinds[service.kind], String(service.length))));
  $('#thief').hidden = stolen === null;
  $('#thief-hint').textContent = stolen === null ? 'Nobody has stolen anything yet.' : healed();
  const told = (reads) => element('td', { className: reads ? 'reads' : 'locked', textContent: reads ? 'reads it' : 'locked out' });
  $('#thief tbody').replaceChildren(...heard.map(({ id, from, classical, quantum }) => row(String(id + 1), NAMES[from], told(classical), told(quantum))));
  inside(looking);
}

/** When each thief was locked out for good. */
function healed() {
  const after = (thief) => {
    const last = heard.findLastIndex((message) => message[thief]);
    return last + 1 < heard.length ? `locked out after ${last + 1} messages` : 'still reading';
  };
  return `Stolen from ${NAMES[stolen]}. A thief of today: ${after('classical')}. With a quantum computer: ${after('quantum')}.`;
}

// ---------------------------------------------------------------- the page

for (const form of document.querySelectorAll('form.send')) {
  form.onsubmit = (event) => {
    event.preventDefault();
    act('send', form.dataset.from, form.elements.sealed.checked ? 1 : 0, form.elements.text.value);
    show(letters.length - 1);
  };
}
for (const button of document.querySelectorAll('.steal')) button.onclick = () => { act('steal', button.dataset.of); show(); };
for (const button of document.querySelectorAll('[data-scene]')) button.onclick = () => begin($('#seed').value || 'subrosa', SCENES[button.dataset.scene]);
$('#seed-form').onsubmit = (event) => { event.preventDefault(); begin($('#seed').value || 'subrosa'); };

await init();
const address = new URLSearchParams(location.hash.slice(1));
const log = (location.hash.match(/&log=([^&]*)/)?.[1] ?? '').split('~').filter(Boolean)
  .map((action) => action.split('.').map(decodeURIComponent)).filter(([name]) => name in DO);
begin(address.get('seed') || 'subrosa', log);
document.body.dataset.ready = 'yes';
