// SPDX-License-Identifier: MIT OR Apache-2.0

// Holds the conversation in WebAssembly, and says how much stack and heap it took: `node wasm.mjs FILE`.

import { readFileSync } from "node:fs";

const PAINT = 0xa5;

const module = new WebAssembly.Module(readFileSync(process.argv[2]));
if (WebAssembly.Module.imports(module).length) throw new Error("it imports something");
const { converse, heap_peak, memory, __stack_pointer: stack } = new WebAssembly.Instance(module).exports;

// The stack lies before everything else and grows down to address 0.
const top = stack.value;
const below = new Uint8Array(memory.buffer, 0, top);
if (below.some((byte) => byte !== 0)) throw new Error("the stack is not where it was thought to be");
below.fill(PAINT);
if (converse() !== 0) throw new Error("the conversation failed");
const unused = new Uint8Array(memory.buffer, 0, top).findIndex((byte) => byte !== PAINT);
console.log(`all: heap ${heap_peak()} stack ${top - unused}`);
