// Goal: `pared allow` lets a host through for a while, says what it did, shows
// it to people and programs, and takes it back; what is wrong is told and
// changes nothing.

import fs from 'node:fs';
import path from 'node:path';
import { after } from 'node:test';
import { runPared, tempDir } from '../support/pared.mjs';
import { assert, flow } from '../support/flow.mjs';

const none = { it: null };
const dir = tempDir();
const lists = path.join(dir, 'lists');
fs.mkdirSync(lists);
after(() => fs.rmSync(dir, { recursive: true, force: true }));

function config(text, name = 'pared.conf') {
  const file = path.join(dir, name);
  fs.writeFileSync(file, text);
  return file;
}
const conf = config(`lists { directory = "${lists}" }\n`);

const allow = (...args) => runPared(['allow', '-c', conf, ...args]);
async function listed() {
  const { code, stdout, stderr } = await allow('--list', '--json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

flow(none, 'a host for an hour, a URL for one device, and back', async () => {
  const hour = await allow('Example.org');
  assert.equal(hour.code, 0, hour.stderr);
  assert.match(hour.stdout, /^example\.org: let through until .*every device\n$/);
  const url = await allow('--minutes', '10', '--device', '::ffff:10.77.0.7',
    'https://WWW.example.net:8443/p?q#f');
  assert.equal(url.code, 0, url.stderr);
  assert.match(url.stdout, /^www\.example\.net: .*10\.77\.0\.7\n$/);

  const all = await listed();
  assert.deepEqual(all.map((e) => [e.host, e.device]),
    [['www.example.net', '10.77.0.7'], ['example.org', null]]);
  const now = Date.now() / 1000;
  assert.ok(Math.abs(all[0].until - now - 600) < 30, `${all[0].until}`);
  assert.ok(Math.abs(all[1].until - now - 3600) < 30, `${all[1].until}`);
  assert.ok(all[0].seconds > 570 && all[0].seconds <= 600);
  const table = await allow('--list');
  assert.match(table.stdout, /^UNTIL .*\n.* 10\.77\.0\.7 +www\.example\.net\n.* every +example\.org\n$/);

  const other = await allow('--device', '10.77.0.8', '--end', 'www.example.net');
  assert.equal(other.code, 1);
  assert.match(other.stderr, /is not let through/);
  assert.equal((await allow('--end', 'www.example.net')).code, 0);
  assert.equal((await allow('--end', 'example.org')).code, 0);
  assert.deepEqual(await listed(), []);
  assert.match((await allow('--list')).stdout, /nothing/);
});

flow(none, 'a name that is not ASCII, an address', async () => {
  assert.equal((await allow('bücher.example')).code, 0);
  assert.equal((await allow('[2001:DB8::1]:80')).code, 0);
  assert.deepEqual((await listed()).map((e) => e.host).sort(),
    ['2001:db8::1', 'xn--bcher-kva.example']);
  assert.equal((await allow('--end', 'xn--bcher-kva.example')).code, 0);
  assert.equal((await allow('--end', '2001:db8:0::1')).code, 0);
});

flow(none, 'ten at once: none is lost', async () => {
  const hosts = Array.from({ length: 10 }, (_, i) => `h${i}.example`);
  const done = await Promise.all(hosts.map((h) => allow(h)));
  assert.deepEqual(done.map((r) => r.code), hosts.map(() => 0),
    done.map((r) => r.stderr).join(''));
  assert.deepEqual((await listed()).map((e) => e.host).sort(), hosts);
});

for (const [name, args, want] of [
  ['no host', [], /usage/],
  ['two hosts', ['a.example', 'b.example'], /usage/],
  ['what is no host', ['a b'], /no host: "a b"/],
  ['no minutes', ['--minutes', '0', 'a.example'], /1 to 10080: "0"/],
  ['more than a week', ['--minutes', '10081', 'a.example'], /1 to 10080/],
  ['what is no address', ['--device', 'phone', 'a.example'], /no address: "phone"/],
  ['a network for a device', ['--device', '10.0.0.0/8', 'a.example'], /no address/],
  ['a name that all ends in', ['com'], /others' sites are below it: "com"/],
  ['an option not known', ['--for', '5', 'a.example'], /usage/],
  ['a list of one host', ['--list', 'a.example'], /usage/],
]) {
  flow(none, `refused: ${name}`, async () => {
    const hosts = async () => (await listed()).map((e) => e.host);
    const before = await hosts();
    const { code, stdout, stderr } = await allow(...args);
    assert.equal(code, 2, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, want);
    assert.deepEqual(await hosts(), before);
  });
}

flow(none, 'what the rules know to be a public suffix is refused, too', async () => {
  const list = path.join(dir, 'list.txt');
  fs.writeFileSync(list, '||ads.example^\n');
  const own = path.join(dir, 'own');
  fs.mkdirSync(own);
  const file = config(`lists { directory = "${own}" source a { url = "file:${list}" } }\n`, 'own.conf');
  assert.equal((await runPared(['lists', 'compile', '-c', file])).code, 0);
  const refused = await runPared(['allow', '-c', file, 'Co.UK']);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /others' sites are below it/);
  for (const host of ['example.co.uk', '192.0.2.1', '2001:db8::1']) {
    assert.equal((await runPared(['allow', '-c', file, host])).code, 0, host);
  }
});

flow(none, 'more than there is room for is refused', async () => {
  const file = path.join(lists, 'allow');
  const kept = fs.existsSync(file) ? fs.readFileSync(file) : '';
  const until = Math.floor(Date.now() / 1000) + 6000;
  fs.writeFileSync(file, Array.from({ length: 1000 }, (_, i) => `${until} * h${i}.example\n`).join(''));
  const { code, stderr } = await allow('--device', '10.0.0.7', 'x.example');
  assert.equal(code, 1);
  assert.match(stderr, /1000 are let through already/);
  fs.writeFileSync(file, kept);
});

flow(none, 'nowhere to keep it is told', async () => {
  const gone = await runPared(['allow', '-c',
    config('lists { directory = "/no/such/place" }\n', 'gone.conf'), 'a.example']);
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /\/no\/such\/place\/allow: No such file.*make the directory/);
  const off = await runPared(['allow', '-c',
    config('lists { directory = "" }\n', 'off.conf'), 'a.example']);
  assert.equal(off.code, 1);
  assert.match(off.stderr, /no directory/);
  const bad = await runPared(['allow', '-c', config('Prot = 1\n', 'bad.conf'), 'a.example']);
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /bad\.conf:1: .*Port/);
});
