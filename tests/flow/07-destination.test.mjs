// Goal: strangers cannot use us to reach what only we can reach. Whatever the
// spelling, and whatever a name resolves to, loopback, private, link-local,
// metadata and reserved addresses are refused, for GET and for CONNECT, unless
// AllowPrivate names them; and we never dial ourselves.

import { Dns } from '../support/dns.mjs';
import { get } from '../support/client.mjs';
import { Pared } from '../support/pared.mjs';
import { after, before } from 'node:test';
import { assert, eventually, flow, sharedProxy } from '../support/flow.mjs';

const closed = { it: null };
const named = { it: null }; // loopback is allowed, names come from dns
const dns = { it: null };
before(async () => {
  dns.it = await Dns.start();
  closed.it = await Pared.start({
    AllowPrivate: undefined, ConnectTimeout: 5, Nameservers: [dns.it.address],
  });
  named.it = await Pared.start({ Nameservers: [dns.it.address] });
});
after(async () => {
  await closed.it?.stop();
  await named.it?.stop();
  await dns.it?.stop();
});
const open = sharedProxy();

// Asks both ways; no connection, and a clear refusal.
async function assertNoWay(s, host, port, statuses) {
  const client = await s.client();
  await client.send(`GET http://${host}:${port}/ HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`);
  const got = await client.response();
  assert.ok(got && statuses.includes(got.status), `GET ${host}: ${got?.status}`);
  const other = await s.client();
  await other.send(`CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`);
  const tunnel = await other.response();
  assert.ok(tunnel && statuses.includes(tunnel.status), `CONNECT ${host}: ${tunnel?.status}`);
  client.close();
  other.close();
}

// Canonical addresses parse, so the refusal is the policy's: 403.
const REFUSED = [
  '127.0.0.1', '127.0.0.2', '127.1.2.3', '127.255.255.255', '0.0.0.0', '0.1.2.3',
  '10.0.0.1', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.0.1', '192.168.255.254',
  '169.254.169.254', '169.254.170.2', '169.254.0.1', '100.64.0.1', '100.127.255.254',
  '100.100.100.200', '192.0.0.192', '192.0.0.1', '198.18.0.1', '198.19.255.255',
  '224.0.0.1', '239.255.255.250', '240.0.0.1', '255.255.255.255',
  '[::1]', '[::]', '[0:0:0:0:0:0:0:1]', '[0000:0000:0000:0000:0000:0000:0000:0001]', '[::0.0.0.1]',
  '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[0:0:0:0:0:ffff:127.0.0.1]', '[::ffff:10.0.0.1]',
  '[::ffff:192.168.0.1]', '[::ffff:169.254.169.254]', '[::FFFF:A9FE:A9FE]', '[::ffff:0.0.0.0]',
  '[::127.0.0.1]', '[::10.0.0.1]', '[::7f00:1]',
  '[64:ff9b::127.0.0.1]', '[64:ff9b::7f00:1]', '[64:ff9b::169.254.169.254]', '[64:ff9b::10.0.0.1]',
  '[64:ff9b:1::a00:1]', '[2002:7f00:1::]', '[2002:7f00:1::1]', '[2002:a00:1::1]',
  '[2002:a9fe:a9fe::1]', '[2002:c0a8:1::]',
  '[fe80::1]', '[fe80::5efe:127.0.0.1]', '[febf::1]', '[fec0::1]', '[fc00::1]', '[fd00::1]',
  '[fd00:ec2::254]', '[fdff:ffff::1]', '[ff02::1]', '[ff0e::1]',
  '[2001:db8::5efe:127.0.0.1]', '[100::1]',
];
// Spellings only some parsers take: refused as malformed or by policy.
const LAX = [
  '127.1', '127.0.1', '2130706433', '0x7f000001', '0x7f.0.0.1', '0177.0.0.1', '017700000001',
  '0x7f.1', '127.0.0.01', '127.000.000.001', '127.0.0.1.', '0', '0.0', '0x0', '00000000',
  '167772161', '0xa000001', '012.0.0.1', '10.1', '192.168.1', '3232235521', '0xc0a80001',
  '2852039166', '0xa9fea9fe', '0251.0376.0251.0376', '169.254.43518', '0xA9.0xFE.0xA9.0xFE',
  '4294967295', '127.0.0.256', '127.0.0.0x1', '0x7F.0.0.1', '1.2.3.4.5', '127..0.1',
  '[::ffff:0x7f.0.0.1]', '[::ffff:127.1]', '[::1', '[::1%25lo]', '[fe80::1%25eth0]', '[fe80::1%lo]',
  '%31%32%37.0.0.1', '127%2e0%2e0%2e1', '\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1',
  '127\xe3\x80\x820\xe3\x80\x820\xe3\x80\x821',
];
for (const [list, statuses] of [[REFUSED, [403]], [LAX, [400, 403, 502]]]) {
  for (const host of list) {
    flow(closed, `no way to ${host}`, async (s) => {
      // Listens on both loopbacks at one port, so that a slip is a connection.
      const four = await s.origin(undefined, { host: '0.0.0.0' });
      let six = null;
      try {
        six = await s.origin(undefined, { host: '::1', port: four.port });
      } catch {
        // The port is taken on v6: the v4 one tells enough.
      }
      await assertNoWay(s, host, four.port, statuses);
      assert.equal(four.connections, 0, 'connected');
      assert.equal(six?.connections ?? 0, 0, 'connected by IPv6');
    });
  }
}

flow(closed, 'no way to localhost and names below it', async (s) => {
  const origin = await s.origin();
  for (const host of ['localhost', 'LOCALHOST', 'localhost.', 'a.localhost', 'localhost.localdomain',
    'ip6-localhost', 'ip6-loopback']) {
    await assertNoWay(s, host, origin.port, [400, 403, 404, 421, 502]);
  }
  assert.equal(origin.connections, 0);
});

flow(closed, 'no way to port 80 and 443 of a private address either', async (s) => {
  for (const host of ['10.0.0.1', '192.168.0.1', '169.254.169.254', '[fd00:ec2::254]']) {
    for (const port of [80, 443]) {
      await assertNoWay(s, host, port, [403]);
    }
  }
});

// Names. None of these may lead to a connection.
let n = 0;
for (const [what, answer] of [
  ['loopback', { A: ['127.0.0.1'] }],
  ['::1', { AAAA: ['::1'] }],
  ['a mapped address', { AAAA: ['::ffff:127.0.0.1'] }],
  ['NAT64 of loopback', { AAAA: ['64:ff9b::7f00:1'] }],
  ['6to4 of loopback', { AAAA: ['2002:7f00:1::1'] }],
  ['0.0.0.0', { A: ['0.0.0.0'] }],
  ['::', { AAAA: ['::'] }],
  ['metadata', { A: ['169.254.169.254'] }],
  ['a private address', { A: ['10.0.0.1'] }],
  ['a unique local address', { AAAA: ['fd00::1'] }],
  ['a link-local address', { AAAA: ['fe80::1'] }],
  ['many private addresses', { A: ['127.0.0.1', '127.0.0.2', '10.0.0.1'], AAAA: ['::1', 'fd00::1'] }],
]) {
  n += 1;
  const name = `private${n}.test`;
  flow(closed, `no way by a name for ${what}`, async (s) => {
    const origin = await s.origin(undefined, { host: '0.0.0.0' });
    dns.it.set(name, answer);
    await assertNoWay(s, name, origin.port, [403]);
    // The same name as an alias's target.
    dns.it.set(`alias-${name}`, (type) => ({ CNAME: name, A: answer.A, AAAA: answer.AAAA, type }));
    const client = await s.client();
    const response = await client.ask(`http://alias-${name}:${origin.port}/`);
    assert.ok([403, 502].includes(response.status), `alias: ${response.status}`);
    assert.equal(origin.connections, 0, 'connected');
  });
}

// 192.0.2.0/24 and the like are refused too or go nowhere; what counts is
// that the private one beside it is never dialled.
for (const [what, answer] of [
  ['public first', { A: ['203.0.113.9', '127.0.0.1'] }],
  ['private first', { A: ['127.0.0.1', '203.0.113.9'] }],
  ['public IPv6 and private IPv4', { AAAA: ['2001:db8::9'], A: ['127.0.0.1'] }],
  ['private IPv6 and public IPv4', { AAAA: ['::1'], A: ['203.0.113.9'] }],
]) {
  n += 1;
  const name = `mixed${n}.test`;
  flow(closed, `mixed answers, ${what}: the private one is never dialled`, async (s) => {
    const origin = await s.origin(undefined, { host: '0.0.0.0' });
    dns.it.set(name, answer);
    const client = await s.client();
    const response = await client.ask(`http://${name}:${origin.port}/`);
    assert.ok([403, 502, 504].includes(response.status), `${response.status}`);
    assert.equal(origin.connections, 0, 'connected');
  });
}

flow(closed, 'rebinding: another answer each time never reaches loopback', async (s) => {
  const origin = await s.origin(undefined, { host: '0.0.0.0' });
  dns.it.set('rebind.test', (type, count) => ({
    ttl: 0, A: [count % 2 ? '203.0.113.9' : '127.0.0.1'], AAAA: [],
  }));
  for (let i = 0; i < 4; i += 1) {
    const client = await s.client();
    await client.send(get(`http://rebind.test:${origin.port}/`));
    const response = await client.response();
    assert.ok([403, 502, 504].includes(response.status), `${response.status}`);
    client.close();
  }
  assert.equal(origin.connections, 0, 'connected');
});

// What AllowPrivate does allow works, so that the refusals above mean it.
flow(open, 'AllowPrivate opens what it names, and no more', async (s) => {
  const four = await s.origin();
  const client = await s.client();
  assert.equal((await client.ask(`${four.url}/`)).status, 200);
  const six = await s.origin(undefined, { host: '::1' });
  assert.equal((await client.ask(`${six.url}/six`)).status, 200);
  assert.equal(six.requests[0].get('host'), six.authority);
  for (const host of ['10.0.0.1', '169.254.169.254', '192.168.0.1', '[fe80::1]', '[fd00::1]']) {
    await assertNoWay(s, host, four.port, [403]);
  }
});

for (const host of ['127.0.0.1', '127.0.0.2', '[::1]', 'localhost', '0.0.0.0', '[::ffff:127.0.0.1]']) {
  flow(open, `we never dial ourselves as ${host}`, async (s) => {
    const client = await s.client();
    await client.send(`CONNECT ${host}:${open.it.port} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    const tunnel = await client.response({ method: 'CONNECT' });
    // 127.0.0.2 and [::1] are not ours to listen on here: refused by TCP.
    assert.ok([400, 403, 502].includes(tunnel.status), `CONNECT: ${tunnel.status}`);
    const other = await s.client();
    const response = await other.ask(`http://${host}:${open.it.port}/healthz`);
    assert.ok([400, 403, 404, 421, 502, 508].includes(response.status), `GET: ${response.status}`);
  });
}

// Names that lead where they may.
flow(named, 'names are resolved by the servers of the configuration', async (s) => {
  const origin = await s.origin();
  dns.it.set('four.test', { A: ['127.0.0.1'] });
  const client = await s.client();
  const response = await client.ask(`http://four.test:${origin.port}/`);
  assert.equal(response.status, 200);
  assert.equal(origin.requests[0].get('host'), `four.test:${origin.port}`);
});
flow(named, 'a name with IPv6 only', async (s) => {
  const origin = await s.origin(undefined, { host: '::1' });
  dns.it.set('six.test', { AAAA: ['::1'] });
  const client = await s.client();
  assert.equal((await client.ask(`http://six.test:${origin.port}/`)).status, 200);
});
flow(named, 'an address that refuses gives way to the next', async (s) => {
  const origin = await s.origin();
  dns.it.set('two.test', { AAAA: ['::1'], A: ['127.0.0.9', '127.0.0.1'] });
  const client = await s.client();
  assert.equal((await client.ask(`http://two.test:${origin.port}/`)).status, 200);
});
flow(named, 'a last dot names the same host', async (s) => {
  const origin = await s.origin();
  dns.it.set('dot.test', { A: ['127.0.0.1'] });
  const client = await s.client();
  assert.equal((await client.ask(`http://dot.test.:${origin.port}/`)).status, 200);
});
flow(named, 'names ignore case', async (s) => {
  const origin = await s.origin();
  dns.it.set('case.test', { A: ['127.0.0.1'] });
  const client = await s.client();
  assert.equal((await client.ask(`http://CaSe.TEST:${origin.port}/`)).status, 200);
});
for (const [name, what, statuses] of [
  ['gone.test', 'nxdomain', [502]],
  ['empty.test', { A: [], AAAA: [] }, [502]],
  ['fail.test', 'servfail', [502, 504]],
  ['garbage.test', 'garbage', [502, 504]],
]) {
  flow(named, `a name that answers ${JSON.stringify(what)}`, async (s) => {
    dns.it.set(name, what);
    const client = await s.client();
    const response = await client.ask(`http://${name}:8000/`);
    assert.ok(statuses.includes(response.status), `${response.status}`);
    const tunnel = await (await s.client()).connectTo(`${name}:443`);
    assert.ok(statuses.includes(tunnel.status), `${tunnel.status}`);
  });
}
flow(named, 'a silent name server holds up nobody else', async (s) => {
  const origin = await s.origin();
  dns.it.set('silent.test', 'silent');
  const held = await s.client();
  await held.send(get(`http://silent.test:${origin.port}/`));
  await eventually(() => dns.it.times('silent.test', 'A') > 0, 'the question');
  const client = await s.client();
  assert.equal((await client.ask(`${origin.url}/`)).status, 200);
  held.close();
});
