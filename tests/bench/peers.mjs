// What pared costs beside HAProxy, in turn on the same machine: the ratio is what counts.
//   node tests/bench/peers.mjs [CASE...] [--pared build/pared] [--rounds 7] [--list FILE]...
// CASE: requests bulk connect tunnels idle stalled header mixed; all of them without one. lists (only when named):
// pared with the block lists given by --list beside pared without any.
// Needs haproxy, nginx-light, wrk, curl, libjpeg-turbo-progs (Debian's) and two CPUs: the proxy has CPU 0, origin and
// load CPU 1. Everything is on loopback. One line a case goes to standard output.
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify, parseArgs } from 'node:util';

const run = promisify(execFile);
const { values: opt, positionals } = parseArgs({
  allowPositionals: true,
  options: { pared: { type: 'string', default: 'build/pared' }, rounds: { type: 'string', default: '7' },
    list: { type: 'string', multiple: true, default: [] } },
});
const rounds = Number(opt.rounds);
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'pared-bench-'));
const ORIGIN = 18480;
const HOME = `http://127.0.0.1:${ORIGIN}`;
const children = [];
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const median = (v) => [...v].sort((a, b) => a - b)[v.length >> 1];
const show = (x) => (x >= 100 ? x.toFixed(0) : x.toPrecision(3));

const file = (name, text) => {
  fs.writeFileSync(path.join(dir, name), text);
  return path.join(dir, name);
};

function start(argv, cpu) {
  const child = spawn('taskset', ['-c', String(cpu), ...argv], { stdio: 'ignore' });
  children.push(child);
  return child.pid;
}

async function listening(port) {
  for (let i = 0; i < 100; i++) {
    const ok = await new Promise((done) => {
      const s = net.connect(port, '127.0.0.1', () => { s.destroy(); done(true); });
      s.on('error', () => done(false));
    });
    if (ok) return;
    await sleep(50);
  }
  throw new Error(`nothing listens on ${port}`);
}

// The process and its children (the codec), alive or reaped: CPU seconds; resident memory shared out (KiB).
function family(pid) {
  const all = [pid];
  for (const p of fs.readdirSync('/proc').filter((n) => /^\d+$/.test(n))) {
    try {
      const stat = fs.readFileSync(`/proc/${p}/stat`, 'utf8');
      if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid) all.push(Number(p));
    } catch { /* it ended */ }
  }
  return all;
}

function cpu(pid) {
  let ticks = 0;
  for (const p of family(pid)) {
    const stat = fs.readFileSync(`/proc/${p}/stat`, 'utf8');
    const v = stat.slice(stat.lastIndexOf(')') + 2).split(' ').map(Number);
    ticks += v[11] + v[12] + v[13] + v[14];
  }
  return ticks / 100;
}

const pss = (pid) => family(pid).reduce((sum, p) =>
  sum + Number(/^Pss:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${p}/smaps_rollup`, 'utf8'))[1]), 0);

let nextPort = 18500;

async function pared(more = '') {
  const port = ++nextPort;
  const conf = file(`pared${port}.conf`,
    `AllowPrivate = {"127.0.0.0/8"}\nImageQuality = {65,65,65,65}\nLogLevel = "error"\n${more}`);
  const pid = start([opt.pared, 'run', '-c', conf, '-o', `Port=${port}`, '-o', 'Address=127.0.0.1'], 0);
  await listening(port);
  return { name: 'pared', port, pid, connect: true };
}

async function haproxy(mode) {
  const port = ++nextPort;
  const conf = file(`haproxy${port}`, `
global
  maxconn 9900
  nbthread 1
defaults
  mode ${mode}
  timeout connect 10s
  timeout client 600s
  timeout server 600s
  timeout http-request 10s
  ${mode === 'http' ? 'http-reuse always' : ''}
listen f
  bind 127.0.0.1:${port}
  server s 127.0.0.1:${ORIGIN}
`);
  const pid = start(['haproxy', '-db', '-f', conf], 0);
  await listening(port);
  return { name: `haproxy (${mode})`, port, pid, connect: false };
}

async function origin() {
  const www = path.join(dir, 'www');
  fs.mkdirSync(www);
  fs.chmodSync(dir, 0o755);
  for (const [name, size] of [['1k.txt', 1024], ['32k.txt', 32768]])
    fs.writeFileSync(path.join(www, name), 'The quick brown fox. '.repeat(size / 20).slice(0, size));
  for (const [name, size] of [['1g.bin', 2 ** 30], ['16m.bin', 2 ** 24]]) {
    fs.writeFileSync(path.join(www, name), '');
    fs.truncateSync(path.join(www, name), size);
  }
  const conf = file('nginx.conf', `
daemon off; worker_processes 1; pid ${dir}/pid; error_log ${dir}/error.log; user root;
events { worker_connections 19000; }
http { types { text/plain txt; image/jpeg jpg; } default_type application/octet-stream; access_log off; sendfile on;
  tcp_nopush on; keepalive_requests 1000000000; keepalive_timeout 600s; open_file_cache max=1000;
  server { listen 127.0.0.1:${ORIGIN} backlog=65535; root ${www}; } }
`);
  start(['nginx', '-p', dir, '-c', conf], 1);
  await listening(ORIGIN);
}

// ---- loads: each returns how many units were done ----

async function wrk(peer, name, conns, fields = '') {
  const lua = file('absolute.lua',
    `request = function() return wrk.format("GET", "${HOME}/${name}", {Host="127.0.0.1:${ORIGIN}"${fields}}) end\n`);
  const { stdout } = await run('taskset', ['-c', '1', 'wrk', '-t1', `-c${conns}`, '-d1s', '-s', lua,
    `http://127.0.0.1:${peer.port}/`]);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`${peer.name}: ${stdout}`);
  return Number(/(\d+) requests in/.exec(stdout)[1]);
}

async function fetchBig(peer, tunnel) {
  const way = !peer.connect ? [`http://127.0.0.1:${peer.port}/1g.bin`] :
    [...(tunnel ? ['-p'] : []), '-x', `127.0.0.1:${peer.port}`, `${HOME}/1g.bin`];
  const { stdout } = await run('taskset', ['-c', '1', 'curl', '-s', '-o', '/dev/null', '-w', '%{size_download}', ...way]);
  if (Number(stdout) !== 2 ** 30) throw new Error(`${peer.name}: ${stdout} bytes`);
  return 2 ** 30 / 1e9;
}

async function openTunnels(peer) {
  const each = 60, wide = 64;
  const one = () => new Promise((done, fail) => {
    const s = net.connect(peer.port, '127.0.0.1');
    let text = '', asked = !peer.connect;
    const ask = () => s.write(`GET /1k.txt HTTP/1.1\r\nHost: 127.0.0.1:${ORIGIN}\r\nConnection: close\r\n\r\n`);
    s.on('connect', () => (asked ? ask() : s.write(`CONNECT 127.0.0.1:${ORIGIN} HTTP/1.1\r\nHost: x\r\n\r\n`)));
    s.on('data', (d) => {
      text += d.toString('latin1');
      if (!asked && text.includes('\r\n\r\n')) { asked = true; text = ''; ask(); }
    });
    s.on('end', () => (text.length > 1024 ? done() : fail(new Error(`${peer.name}: short`))));
    s.on('error', fail);
  });
  await Promise.all(Array.from({ length: wide }, async () => { for (let i = 0; i < each; i++) await one(); }));
  return each * wide;
}

// ---- cases ----

async function paired(title, unit, scale, other, load, ours = pared()) {
  const peers = [await other, await ours];
  const cost = peers.map(() => []);
  for (const p of peers) await load(p);
  for (let i = 0; i < rounds; i++) {
    for (const [k, p] of peers.entries()) {
      const before = cpu(p.pid);
      const n = await load(p);
      cost[k].push((cpu(p.pid) - before) / n * scale);
    }
  }
  const ratio = median(cost[1].map((x, i) => x / cost[0][i]));
  console.log(`${title}: pared ${show(median(cost[1]))}, ${peers[0].name} ${show(median(cost[0]))} ${unit}; ratio ${ratio.toFixed(2)}`);
  peers.forEach((p) => process.kill(p.pid));
}

const sockets = (n, port, send) => Promise.all(Array.from({ length: n }, () => new Promise((done, fail) => {
  const s = net.connect(port, '127.0.0.1', () => { if (send) s.write(send); done(s); });
  s.on('error', fail);
})));

async function idle() {
  for (const p of [await haproxy('http'), await pared()]) {
    const before = pss(p.pid);
    const held = await sockets(9500, p.port, null);
    let answered = 0;
    const ask = (s) => new Promise((done) => {
      s.once('data', () => { answered++; done(); });
      s.write(`GET ${HOME}/1k.txt HTTP/1.1\r\nHost: 127.0.0.1:${ORIGIN}\r\n\r\n`);
    });
    for (let i = 0; i < held.length; i += 50) await Promise.all(held.slice(i, i + 50).map(ask));
    await sleep(1500);
    console.log(`9,500 used idle clients: ${p.name} ${((pss(p.pid) - before) / 9500).toFixed(2)} KiB each, ${answered} served, ${held.filter((s) => !s.destroyed).length} still open`);
    held.forEach((s) => s.destroy());
    process.kill(p.pid);
  }
}

async function stalled() {
  for (const p of [await haproxy('http'), await pared()]) {
    const before = pss(p.pid);
    const held = await sockets(200, p.port, `GET ${HOME}/16m.bin HTTP/1.1\r\nHost: 127.0.0.1:${ORIGIN}\r\n\r\n`);
    held.forEach((s) => s.pause());
    await sleep(4000);
    console.log(`200 stalled readers: ${p.name} ${((pss(p.pid) - before) / 200).toFixed(1)} KiB each`);
    held.forEach((s) => s.destroy());
    process.kill(p.pid);
  }
}

async function header() {
  const p = await pared();
  const began = Date.now();
  const [s] = await sockets(1, p.port, `GET ${HOME}/1k.txt HTTP/1.1\r\nHost: x\r\n`);
  s.on('error', () => {});
  const line = `X-A: ${'a'.repeat(1018)}\r\n`;
  let sent = 0, answer = '';
  s.on('data', (d) => { answer += d; });
  while (!answer && sent < 1024) { s.write(line); sent++; await sleep(1); }
  console.log(`endless header: ${answer.slice(0, 12)} after ${sent} KiB`);
  const slow = await sockets(1000, p.port, 'GET / HTTP/1.1\r\n');
  let cut = 0;
  slow.forEach((c) => { c.on('error', () => {}); c.on('end', () => { cut++; }); c.resume(); });
  const from = Date.now();
  while (cut < 1000 && Date.now() - from < 20000) { slow.forEach((c) => c.writable && c.write('X: y\r\n')); await sleep(1000); }
  console.log(`1,000 slow headers: ${cut} cut after ${((Date.now() - from) / 1000).toFixed(1)} s (${((Date.now() - began) / 1000).toFixed(0)} s in all)`);
  slow.forEach((c) => c.destroy());
  process.kill(p.pid);
}

// 1.6 MP of waves with some grain: an encoder has work with it, as with a photograph.
async function makePicture() {
  const [w, h] = [1600, 1000];
  const px = Buffer.alloc(w * h * 3);
  for (let i = 0, seed = 1; i < px.length; i++) {
    const x = (i / 3 | 0) % w, y = i / 3 / w | 0;
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    px[i] = 128 + 80 * Math.sin((x * (1 + i % 3) + y) / 37) + 30 * Math.cos(x * y / 9000) + (seed >> 16) % 17;
  }
  const ppm = path.join(dir, 'big.ppm');
  fs.writeFileSync(ppm, Buffer.concat([Buffer.from(`P6 ${w} ${h} 255\n`), px]));
  await run('cjpeg', ['-quality', '88', '-outfile', path.join(dir, 'www', 'big.jpg'), ppm]);
}

async function mixed() {
  const p = await pared();
  await makePicture();
  const pictures = file('pictures.lua', `request = function() return wrk.format("GET", "${HOME}/big.jpg", {Host="127.0.0.1:${ORIGIN}", Accept="image/webp"}) end\n`);
  const streams = run('taskset', ['-c', '1', 'wrk', '-t1', '-c8', '-d7s', '-s', pictures, `http://127.0.0.1:${p.port}/`]);
  await sleep(1000);
  const lua = file('mixed.lua', `request = function() return wrk.format("GET", "${HOME}/1k.txt", {Host="127.0.0.1:${ORIGIN}"}) end\n`);
  const { stdout } = await run('taskset', ['-c', '1', 'wrk', '-t1', '-c4', '-d5s', '--latency', '-s', lua, `http://127.0.0.1:${p.port}/`]);
  const images = /(\d+) requests in/.exec((await streams).stdout)[1];
  console.log(`beside 8 image streams: p99 ${/99%\s+(\S+)/.exec(stdout)[1]}, ${/Requests\/sec:\s+(\S+)/.exec(stdout)[1]} small requests/s, ${images} images in 7 s`);
  process.kill(p.pid);
}

const cases = {
  requests: async () => {
    await paired('1 KiB, 64 connections', 'CPU s/10,000', 1e4, haproxy('http'), (p) => wrk(p, '1k.txt', 64));
    await paired('32 KiB, 64 connections', 'CPU s/10,000', 1e4, haproxy('http'), (p) => wrk(p, '32k.txt', 64));
  },
  bulk: () => paired('1 GiB by GET', 'CPU s/GB', 1, haproxy('http'), (p) => fetchBig(p, false)),
  connect: () => paired('1 GiB by CONNECT', 'CPU s/GB', 1, haproxy('tcp'), (p) => fetchBig(p, true)),
  tunnels: () => paired('new tunnels', 'CPU s/10,000', 1e4, haproxy('tcp'), openTunnels),
  idle, stalled, header, mixed,
};

// As a page's part is asked for; no rule blocks it.
const part = '1k.txt?id=5f407c785655e6a1&size=large&callback=done_17';
const browser = ', Accept="*/*", Referer="http://www.example.org/", ["User-Agent"]="Mozilla/5.0 (X11; Linux x86_64)"';

async function lists() {
  if (!opt.list.length) throw new Error('lists: name them by --list FILE');
  const text = `lists { update = "off" directory = "${dir}"\n${
    opt.list.map((l, i) => `source l${i} { url = "file:${path.resolve(l)}" }`).join('\n')}\n}\n`;
  const without = await pared();
  without.name = 'without lists';
  await paired(`1 KiB, 64 connections, ${opt.list.length} lists`, 'CPU s/10,000', 1e4, without,
    (p) => wrk(p, part, 64, browser), pared(text));
}

try {
  await origin();
  for (const name of positionals.length ? positionals : Object.keys(cases)) {
    const play = name === 'lists' ? lists : cases[name];
    if (!play) throw new Error(`there is no case "${name}"`);
    await play();
  }
} finally {
  for (const c of children) c.kill();
  await sleep(300);
  fs.rmSync(dir, { recursive: true, force: true });
}
