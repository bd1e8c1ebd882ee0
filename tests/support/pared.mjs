// Starts pared on a free port with a configuration of its own in a temporary
// folder, waits for /healthz, stops it by its id and judges its end.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from './client.mjs';
import { PATIENCE } from './wire.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
export const PROGRAM = path.resolve(process.env.PARED ??
  path.join(HERE, '../../build/pared'));
// What a sanitizer, an assertion or the C library says at a bug.
const BUG = new RegExp('(?:Address|Leak|Thread|UndefinedBehavior|Memory)Sanitizer|' +
  'runtime error:|Assertion .* failed|\\*\\*\\* stack smashing');

// Built with a sanitizer? Those keep shadow memory and freed blocks.
export const SANITIZED = fs.existsSync(PROGRAM) &&
  /__[at]san_init/.test(fs.readFileSync(PROGRAM, 'latin1'));

export const LOOPBACK = ['127.0.0.0/8', '::1/128'];

function word(value) {
  if (Array.isArray(value)) {
    return `{${value.map(word).join(', ')}}`;
  }
  return typeof value === 'string'
    ? `"${value.replace(/["\\]/g, '\\$&')}"` : String(value);
}

// { Port: 1, OnlyFrom: ['a'] } in pared's syntax; `extra` is added as it is.
export function configText(options, extra = '') {
  return Object.entries(options).filter(([, v]) => v !== undefined)
    .map(([k, v]) => `${k} = ${word(v)}\n`).join('') + extra;
}

// A port that is free now on loopback, v4 and v6.
export async function freePort() {
  for (;;) {
    const server = net.createServer();
    await new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    const six = net.createServer();
    const free = await new Promise((resolve) => {
      six.once('error', (err) => resolve(err.code !== 'EADDRINUSE'));
      six.listen(port, '::1', () => six.close(() => resolve(true)));
    });
    if (free) {
      return port;
    }
  }
}

export function tempDir() {
  return fs.mkdtempSync(path.join(os.tmpdir(), 'pared-flow-'));
}

// Runs a command to its end: { code, signal, stdout, stderr }.
export async function runPared(args, { input, dir, env } = {}) {
  const child = spawn(PROGRAM, args, {
    cwd: dir, env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const out = { stdout: '', stderr: '' };
  child.stdout.on('data', (d) => { out.stdout += d.toString('latin1'); });
  child.stderr.on('data', (d) => { out.stderr += d.toString('latin1'); });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
  const [code, signal] = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (...args2) => resolve(args2));
  });
  clearTimeout(timer);
  if (BUG.test(out.stderr)) {
    throw new Error(`pared ${args.join(' ')}:\n${out.stderr}`);
  }
  return { code, signal, ...out };
}

// Those that run: a test that is cut off takes them with it.
const living = new Set();
process.on('exit', () => {
  for (const pared of living) {
    pared.child.kill('SIGKILL');
    pared.forget();
  }
});

export class Pared {
  // options: of the configuration; extra: more of its text; host and from: by
  // which addresses its health is asked.
  static async start(options = {}, { extra = '', host = '127.0.0.1', from, dir, args = [] } = {}) {
    for (let attempt = 0; ; attempt += 1) {
      const pared = new Pared();
      pared.dir = dir ?? tempDir();
      pared.ownDir = !dir;
      pared.host = host;
      pared.from = from;
      pared.port = await freePort();
      pared.options = {
        Port: pared.port, Address: host, AllowPrivate: LOOPBACK, ...options,
      };
      pared.extra = extra;
      pared.file = path.join(pared.dir, 'pared.conf');
      pared.writeConfig(options, extra);
      pared.#spawn(args);
      if (await pared.#ready()) {
        return pared;
      }
      const taken = /in use/i.test(pared.stderr);
      pared.forget();
      if (!taken || attempt === 3) {
        throw new Error(`pared did not start (${pared.how}), file:\n` +
          `${configText(pared.options, extra)}stderr:\n${pared.stderr}`);
      }
    }
  }

  writeConfig(options, extra = this.extra) {
    this.options = { ...this.options, ...options };
    this.extra = extra;
    fs.writeFileSync(this.file, configText(this.options, extra));
  }

  #spawn(args) {
    this.stderr = '';
    this.stdout = '';
    this.exited = null;
    this.child = spawn(PROGRAM, ['run', '-c', this.file, ...args], {
      cwd: this.dir, stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.pid = this.child.pid;
    living.add(this);
    this.child.stderr.on('data', (d) => { this.stderr += d.toString('latin1'); });
    this.child.stdout.on('data', (d) => { this.stdout += d.toString('latin1'); });
    this.child.once('error', (err) => { this.exited = { code: null, signal: err.message }; });
    this.closed = new Promise((resolve) => {
      this.child.once('close', (code, signal) => {
        this.exited = { code, signal };
        resolve(this.exited);
      });
    });
  }

  get how() {
    return this.exited ? `exit ${this.exited.code ?? this.exited.signal}` : 'alive';
  }

  async #ready() {
    const deadline = Date.now() + PATIENCE;
    while (!this.exited && Date.now() < deadline) {
      if (await this.healthy()) {
        return true;
      }
      await sleep(30);
    }
    this.child.kill('SIGKILL');
    await this.closed;
    return false;
  }

  async healthy() {
    let client;
    try {
      client = await this.client();
      await client.send(`GET /healthz HTTP/1.1\r\nHost: ${this.authority}\r\n` +
        'Connection: close\r\n\r\n');
      return (await client.response())?.status === 200;
    } catch {
      return false;
    } finally {
      client?.close();
    }
  }

  get authority() {
    return net.isIPv6(this.host) ? `[${this.host}]:${this.port}`
      : `${this.host}:${this.port}`;
  }

  async client(options = {}) {
    return Client.connect(this.port,
      { host: this.host, from: this.from, ...options });
  }

  // Resident memory of the main process, in KiB.
  get memory() {
    const status = fs.readFileSync(`/proc/${this.pid}/status`, 'latin1');
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)[1]);
  }

  // Fails when it grew by more than that since `before`, in KiB; a sanitizer's
  // quarantine is allowed for.
  assertGrowth(before, most) {
    const grown = this.memory - before;
    const allowed = SANITIZED ? most * 8 + (256 << 10) : most;
    if (grown > allowed) {
      throw new Error(`pared grew by ${grown} KiB, ${allowed} are allowed`);
    }
  }

  // Ids of its child programs.
  get children() {
    const found = [];
    for (const task of fs.readdirSync(`/proc/${this.pid}/task`)) {
      const file = `/proc/${this.pid}/task/${task}/children`;
      found.push(...fs.readFileSync(file, 'latin1').trim().split(' ')
        .filter((p) => p).map(Number));
    }
    return found;
  }

  // Descriptors open in the main process.
  get descriptors() {
    return fs.readdirSync(`/proc/${this.pid}/fd`).length;
  }

  signal(name) {
    this.child.kill(name);
  }

  // Throws when it died or wrote what only a bug writes.
  check() {
    if (this.exited) {
      throw new Error(`pared died: ${this.how}\n${this.stderr}`);
    }
    this.checkOutput();
  }

  checkOutput() {
    if (BUG.test(this.stderr)) {
      throw new Error(`pared wrote:\n${this.stderr}`);
    }
  }

  // Waits for text in what it wrote to stderr from `start` on.
  async wrote(pattern, start = 0) {
    const deadline = Date.now() + PATIENCE;
    while (!pattern.test(this.stderr.slice(start))) {
      if (Date.now() > deadline || this.exited) {
        throw new Error(`pared did not write ${pattern}:\n${this.stderr.slice(start)}`);
      }
      await sleep(20);
    }
  }

  // TERM, its end, and what it said: everything must be clean.
  async stop() {
    const early = this.exited;
    if (!early) {
      this.child.kill('SIGTERM');
    }
    const timer = setTimeout(() => this.child.kill('SIGKILL'), PATIENCE * 2);
    await this.closed;
    clearTimeout(timer);
    this.forget();
    this.checkOutput();
    if (early || this.exited.code !== 0) {
      throw new Error(`pared ended ${early ? 'by itself' : 'after TERM'}: ` +
        `${this.how}\n${this.stderr}`);
    }
  }

  // Removes what it left in the file system.
  forget() {
    living.delete(this);
    if (this.ownDir) {
      fs.rmSync(this.dir, { recursive: true, force: true });
    }
  }

  dump() {
    return `pared ${this.how}, stderr:\n${this.stderr.slice(-4000)}`;
  }
}
