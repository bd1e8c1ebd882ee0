// Goal: clients that know of no proxy are served what their connections were
// going to, judged by the name and connected by the address; nothing that they
// say brings anything elsewhere.

import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { after, before, test } from 'node:test';
import { Client, get } from '../support/client.mjs';
import { Dns } from '../support/dns.mjs';
import { again, inside } from '../support/netns.mjs';
import { Origin, answer } from '../support/origin.mjs';
import { PROGRAM, Pared, freePort, tempDir } from '../support/pared.mjs';
import { assert, eventually, flow } from '../support/flow.mjs';

const UNRECOGNIZED = /unrecognized name/i;

function originForm(host, target = '/', fields = []) {
  return `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${fields.map((f) => `${f}\r\n`).join('')}\r\n`;
}

// A handshake's end: the socket, or the error.
function handshake(options) {
  return new Promise((resolve) => {
    const socket = tls.connect({ rejectUnauthorized: false, ...options });
    socket.once('secureConnect', () => resolve({ socket }));
    socket.once('error', (error) => resolve({ error }));
    socket.once('close', () => resolve({ error: new Error('closed') }));
  });
}

// ---- without a packet filter

async function startDirect(options = {}) {
  const transparent = await freePort();
  const pared = await Pared.start({ TransparentPort: transparent, TransparentAddress: '127.0.0.1', ...options });
  pared.transparent = transparent;
  return pared;
}

function outside() {
  const shared = { it: null };
  before(async () => { shared.it = await startDirect({ IdleTimeout: '300ms' }); });
  after(async () => { await shared.it?.stop(); });
  const direct = async (s) => {
    const client = await Client.connect(s.proxy.transparent);
    s.parts.push(client);
    return client;
  };

  flow(shared, 'who dials the port gets 403 and is told of the other port', async (s) => {
    const client = await direct(s);
    await client.send(originForm('example.org'));
    const response = await client.response();
    assert.equal(response.status, 403);
    assert.ok(response.text.includes(String(s.proxy.port)), response.text);
  });

  flow(shared, 'and an origin is not reached by it, whatever Host says', async (s) => {
    const origin = await s.origin();
    for (const host of [origin.authority, `127.0.0.1:${s.proxy.transparent}`, s.proxy.authority, 'localhost']) {
      const client = await direct(s);
      await client.send(originForm(host));
      assert.equal((await client.response()).status, 403, host);
      client.close();
    }
    assert.equal(origin.connections, 0);
  });

  flow(shared, 'requests to a proxy are 400 with an explanation', async (s) => {
    const origin = await s.origin();
    for (const request of [get(`${origin.url}/`), `CONNECT ${origin.authority} HTTP/1.1\r\nHost: ${origin.authority}\r\n\r\n`]) {
      const client = await direct(s);
      await client.send(request);
      const response = await client.response();
      assert.equal(response.status, 400);
      assert.match(response.text, /to a proxy/);
      client.close();
    }
    assert.equal(origin.connections, 0);
  });

  flow(shared, 'the portal answers if Host names it', async (s) => {
    const client = await direct(s);
    await client.send(originForm('pared.internal', '/healthz'));
    const response = await client.response();
    assert.equal(response.status, 200);
    assert.equal(response.text.trim(), 'ok');
  });

  flow(shared, 'the portal tells the port of the proxy, not this one', async (s) => {
    const client = await direct(s);
    await client.send(originForm('pared.internal', '/proxy.pac'));
    const { text } = await client.response();
    assert.ok(text.includes(`127.0.0.1:${s.proxy.port}`), text);
    assert.ok(!text.includes(String(s.proxy.transparent)), text);
  });

  flow(shared, 'TLS to the port itself ends with an alert', async (s) => {
    const { error } = await handshake({ port: s.proxy.transparent, host: '127.0.0.1', servername: 'a.test' });
    assert.match(error.message, UNRECOGNIZED);
  });

  flow(shared, 'what is neither is refused as HTTP', async (s) => {
    for (const bytes of ['\0\0\0\0', 'EHLO me\r\n\r\n', '\x16\x10\x00', 'GET\r\n\r\n']) {
      const client = await direct(s);
      await client.send(bytes);
      assert.equal((await client.response()).status, 400, JSON.stringify(bytes));
      client.close();
    }
  });

  flow(shared, 'a client that says nothing is let go after IdleTimeout', async (s) => {
    const client = await direct(s);
    assert.equal(await client.ended(), 'eof');
  });

  flow(shared, 'an explicit client cannot make pared dial its own transparent port', async (s) => {
    const client = await s.client();
    assert.equal((await client.ask(`http://127.0.0.1:${s.proxy.transparent}/`)).status, 403);
  });

  test('an address that is not there yet is listened on, and that is said', async () => {
    const pared = await Pared.start({ Address: ['127.0.0.1', '192.168.254.77'] });
    try {
      await pared.wrote(/listening on 192\.168\.254\.77:\d+\n/);
      await pared.wrote(/192\.168\.254\.77 is not on this machine yet/);
    } finally {
      await pared.stop();
    }
  });

  test('tproxy without the capability is refused with what to do', async (t) => {
    const dir = tempDir();
    const file = path.join(dir, 'pared.conf');
    fs.writeFileSync(file, `Port = ${await freePort()}\nTransparentPort = ${await freePort()}\nTransparentMode = "tproxy"\n`);
    // A user namespace without a network of its own: root, but not of this one.
    const { status, stderr, error } = spawnSync('unshare', ['-Ur', PROGRAM, 'run', '-c', file], { encoding: 'latin1', timeout: 20000 });
    fs.rmSync(dir, { recursive: true });
    if (error || /unshare/.test(stderr)) {
      t.skip(`no user namespace here: ${error?.message ?? stderr}`);
      return;
    }
    assert.equal(status, 1);
    assert.match(stderr, /needs CAP_NET_ADMIN; .*AmbientCapabilities=CAP_NET_ADMIN/);
  });

  test('scenes with a packet filter', async (t) => {
    await again(t, {
      url: import.meta.url,
      addresses: [
        ...['198.51.100.10', '198.51.100.11', '198.51.100.12', '198.51.100.13', '198.51.100.20', '198.51.100.21', '198.51.100.22', '198.51.100.23',
          '10.9.9.9'].map((a) => `${a}/32`),
        ...['2001:db8:5::10', '2001:db8:5::20', '64:ff9b::c633:640a', '2001:db8:5::5efe:c633:640a'].map((a) => `${a}/128`),
      ],
      rules: `table inet led {
        chain out {
          type nat hook output priority -100
          ip daddr 198.51.100.13 tcp dport { 80, 443 } redirect to :3129
          ip saddr 198.51.100.20 tcp dport { 25, 80, 443, 5222, 8080 } redirect to :3129
          ip6 saddr 2001:db8:5::20 tcp dport { 80, 443 } redirect to :3129
          ip saddr 198.51.100.21 tcp dport { 80, 443 } redirect to :3130
          ip saddr 198.51.100.22 tcp dport { 80, 443 } redirect to :3131
          ip saddr 198.51.100.23 tcp dport { 80, 443 } redirect to :3131
        }
      }`,
    });
  });
}

// ---- with one

const WEB = '198.51.100.10';
const OTHER = '198.51.100.11';
const ODD = '198.51.100.12';
const LOOP = '198.51.100.13'; // led to pared whoever dials it
const WEB6 = '2001:db8:5::10';
const WEB64 = '64:ff9b::c633:640a'; // WEB behind NAT64
const ISATAP = '2001:db8:5::5efe:c633:640a'; // holds WEB, and is another
const PHONE = '198.51.100.20';
const PHONE6 = '2001:db8:5::20';
const BY_PARENT = '198.51.100.21';
const KNOWN = '198.51.100.22';
const UNKNOWN = '198.51.100.23';

const dir = inside ? tempDir() : null;
const shared = { it: null };
const parented = { it: null };
const locked = { it: null };
const dns = { it: null };
const hosts = {}; // by address and port: what serves there
let cert;
let parent;

async function serveHttp(conn) {
  for (let r = await conn.request(); r; r = await conn.request()) {
    if (r.get('upgrade')) {
      conn.keep = true;
      await conn.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
      conn.socket.pipe(conn.socket);
      return;
    }
    await conn.send(answer(`${r.method} ${r.target} of ${conn.socket.localAddress}`));
  }
}

async function listen(server, host, port) {
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  hosts[`${host} ${port}`] = server;
}

async function startHosts() {
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
    '-keyout', path.join(dir, 'key'), '-out', path.join(dir, 'cert'), '-days', '1', '-subj', '/CN=a.test'], { stdio: 'ignore' });
  cert = { key: fs.readFileSync(path.join(dir, 'key')), cert: fs.readFileSync(path.join(dir, 'cert')) };
  for (const host of [WEB, OTHER, WEB6, WEB64]) {
    hosts[`${host} 80`] = await Origin.start(serveHttp, { host, port: 80 });
    const server = tls.createServer({ ...cert, ALPNProtocols: ['http/1.1'] }, (c) => {
      c.on('error', () => {});
      c.write(`${c.servername || '-'} at ${c.localAddress}\n`);
      c.pipe(c);
    });
    server.on('tlsClientError', () => {});
    await listen(server, host, 443);
  }
  await listen(net.createServer((c) => {
    c.on('error', () => {});
    c.end('220 greetings\r\n');
  }), WEB, 5222);
  await listen(net.createServer((c) => c.end()), WEB, 25);
  await listen(net.createServer((c) => c.pipe(c)), ODD, 443);
  hosts[`${WEB} 8080`] = await Origin.start(serveHttp, { host: WEB, port: 8080 });
  hosts['10.9.9.9 80'] = await Origin.start(serveHttp, { host: '10.9.9.9', port: 80 });
}

async function startProxies() {
  const common = {
    OnlyFrom: ['127.0.0.0/8', '198.51.100.0/24', '2001:db8:5::/64'],
    AllowPrivate: ['127.0.0.0/8', '198.51.100.0/24', '2001:db8:5::/64'],
    Nameservers: [dns.it.address],
  };
  const log = (name) => ({ AccessLog: path.join(dir, `${name}.log`), AccessLogFormat: 'json' });
  const list = path.join(dir, 'hosts');
  fs.writeFileSync(list, '0.0.0.0 ads.test\n0.0.0.0 ads-too.test\n');
  const extra = `lists {\n source mine { url = "file:${list}" }\n}\ndevice "phone" { address = {"${PHONE}", "${PHONE6}"} }\n`;
  shared.it = await Pared.start({ ...common, ...log('led'), TransparentPort: 3129, ConnectTimeout: '1' }, { extra });
  parent = await Origin.start(async (c) => {
    for (let r = await c.request(); r; r = await c.request()) {
      if (r.method === 'CONNECT') {
        c.keep = true;
        await c.send('HTTP/1.1 200 OK\r\n\r\n');
        const [host, port] = r.target.split(':');
        const far = net.connect({ host, port });
        far.on('error', () => {});
        c.socket.pipe(far);
        far.pipe(c.socket);
        return;
      }
      await c.send(answer(`parent: ${r.target}`));
    }
  }, { absolute: true });
  parented.it = await Pared.start({ ...common, TransparentPort: 3130, NextProxy: '127.0.0.1', NextPort: parent.port });
  const passwd = path.join(dir, 'passwd');
  fs.writeFileSync(passwd, 'ann:secret\n');
  locked.it = await Pared.start({ ...common, ...log('locked'), TransparentPort: 3131, AuthMode: 1, AuthPasswdFile: passwd },
    { extra: `device "known" { address = "${KNOWN}" }\n` });
}

function within() {
  before(async () => {
    dns.it = await Dns.start();
    dns.it.set('a.test', { A: [WEB], AAAA: [WEB6] });
    dns.it.set('elsewhere.test', { A: [OTHER] });
    await startHosts();
    await startProxies();
  });
  after(async () => {
    for (const server of Object.values(hosts)) {
      (server.stop ?? server.close).call(server);
    }
    await parent?.stop();
    await Promise.all([shared, parented, locked].map((p) => p.it?.stop()));
    await dns.it?.stop();
    fs.rmSync(dir, { recursive: true, force: true });
  });

  const open = async (s, to = WEB, port = 80, from = PHONE) => {
    const client = await Client.connect(port, { host: to, from });
    s.parts.push(client);
    return client;
  };
  const ask = async (s, host, { to, port, from, target, fields } = {}) => {
    const client = await open(s, to, port, from);
    await client.send(originForm(host, target, fields));
    return client.response();
  };
  const secure = (servername, { to = WEB, from = PHONE, ...more } = {}) => handshake(
    { host: to, port: 443, localAddress: from, servername, ...more });
  const line = (socket) => new Promise((resolve) => { socket.once('data', (d) => resolve(String(d).trim())); });
  // What the log says of the exchange whose URL has the mark.
  const logged = async (mark, name = 'led') => {
    let found;
    await eventually(() => {
      found = fs.readFileSync(path.join(dir, `${name}.log`), 'utf8').split('\n').filter((l) => l)
        .map((l) => JSON.parse(l)).filter((l) => l.url?.includes(mark));
      return found.length > 0;
    }, `a line with ${mark}`);
    return found.at(-1);
  };

  flow(shared, 'HTTP runs as through a proxy, by the name', async (s) => {
    const response = await ask(s, 'a.test', { target: '/page?1' });
    assert.equal(response.status, 200);
    assert.equal(response.text, `GET /page?1 of ${WEB}`);
    assert.match(response.get('via'), /^1\.1 /);
    const request = hosts[`${WEB} 80`].requests.at(-1);
    assert.equal(request.get('host'), 'a.test');
    assert.ok(request.fields.has('via'));
    const entry = await logged('/page?1');
    assert.equal(entry.url, 'http://a.test/page?1');
    assert.equal(entry.flags, 'T');
    assert.equal(entry.client, PHONE);
    assert.equal(entry.device, 'phone');
    assert.equal(entry.user, undefined);
  });

  flow(shared, 'a name that leads elsewhere goes to where the client was going', async (s) => {
    const response = await ask(s, 'elsewhere.test', { target: '/cdn' });
    assert.equal(response.text, `GET /cdn of ${WEB}`);
    assert.equal(hosts[`${WEB} 80`].requests.at(-1).get('host'), 'elsewhere.test');
  });

  flow(shared, 'a name without any address, too', async (s) => {
    assert.equal((await ask(s, 'nowhere.test')).text, `GET / of ${WEB}`);
    dns.it.set('silent.test', 'silent');
    assert.equal((await ask(s, 'silent.test')).text, `GET / of ${WEB}`);
  });

  flow(shared, 'and nobody is asked for it: the address is all that is needed', async (s) => {
    assert.equal((await ask(s, 'unasked.test')).status, 200);
    assert.equal(dns.it.asked.filter((q) => q.startsWith('unasked.test ')).length, 0);
  });

  flow(shared, 'connections that are kept for a false name are nobody else\'s', async (s) => {
    for (let i = 0; i < 3; i += 1) {
      assert.equal((await ask(s, 'elsewhere.test')).text, `GET / of ${WEB}`);
      assert.equal((await ask(s, 'elsewhere.test', { to: OTHER })).text, `GET / of ${OTHER}`);
      const explicit = await s.client();
      assert.equal((await explicit.ask('http://elsewhere.test/')).text, `GET / of ${OTHER}`);
    }
  });

  flow(shared, 'and are kept: one for many requests', async (s) => {
    await ask(s, 'kept.test');
    const before2 = hosts[`${WEB} 80`].connections;
    const workers = shared.it.stderr.match(/ready, (\d+) workers/)?.[1] ?? 64;
    for (let i = 0; i < 20; i += 1) {
      await ask(s, 'kept.test');
    }
    assert.ok(hosts[`${WEB} 80`].connections - before2 < workers, 'a connection for each request');
  });

  flow(shared, 'requests one after the other on one connection, each by its own name', async (s) => {
    const client = await open(s);
    await client.send(originForm('a.test', '/1'));
    assert.equal((await client.response()).text, `GET /1 of ${WEB}`);
    await client.send(originForm('ads.test', '/2', ['Sec-Fetch-Dest: document']));
    assert.equal((await client.response()).status, 403);
    await client.send(originForm(WEB, '/3'));
    assert.equal((await client.response()).text, `GET /3 of ${WEB}`);
  });

  flow(shared, 'a name in any spelling is the same name', async (s) => {
    for (const host of ['ADS.test', 'ads.test.', 'ads.test:80', 'Ads.Test.:80', 'ads.test:']) {
      const response = await ask(s, host, { fields: ['Sec-Fetch-Dest: document'] });
      assert.equal(response.status, 403, host);
      assert.match(response.text, /ads\.test/i);
    }
    for (const host of [`[fe80::1%25lo]`, '[::1%lo]', 'a.test/x', 'a.test:80:80', 'a..test', '%61ds.test', 'a.test, ads.test']) {
      assert.equal((await ask(s, host)).status, 400, host);
    }
  });

  flow(shared, 'an upgrade is a tunnel before the name is known to lead there', async (s) => {
    dns.it.set('silent-ws.test', 'silent');
    const client = await open(s);
    await client.send(originForm('silent-ws.test', '/ws', ['Connection: Upgrade', 'Upgrade: websocket']));
    assert.equal((await client.response()).status, 101);
    await client.send('echo\n');
    assert.equal(await client.line(), 'echo\n');
    // The name servers' time is over meanwhile.
    await client.send(1500, 'again\n');
    assert.equal(await client.line(), 'again\n');
    client.half();
    assert.equal((await logged('silent-ws.test')).status, 101);
  });

  flow(shared, 'HTTP elsewhere than on port 80 is known behind empty lines, too', async (s) => {
    // A bare LF is not passed over by the parser, and not passed on by anybody.
    for (const [before2, status] of [['\r\n', 403], ['\r\n\r\n', 403], ['\n', 400]]) {
      const client = await open(s, WEB, 8080);
      await client.send(before2, 20, originForm('ads.test:8080', '/', ['Sec-Fetch-Dest: document']));
      assert.equal((await client.response()).status, status, JSON.stringify(before2));
      client.close();
    }
  });

  flow(shared, 'content is carried up', async (s) => {
    const client = await open(s);
    await client.send('POST /up HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\n', 30, 'hello');
    assert.equal((await client.response()).text, `POST /up of ${WEB}`);
    assert.equal(String(hosts[`${WEB} 80`].requests.at(-1).content ?? 'hello'), 'hello');
  });

  for (const [name, host, to, port] of [
    ['another address', '198.51.100.11', WEB, 80], ['loopback', '127.0.0.1', WEB, 80],
    ['the metadata service', '169.254.169.254', WEB, 80], ['an address in disguise', '0x7f000001', WEB, 80],
    ['another port', 'a.test:8080', WEB, 80], ['the port of http on another', 'a.test', WEB, 8080],
    ['IPv6 on an IPv4 connection', `[${WEB6}]`, WEB, 80], ['our own port', '127.0.0.1:3129', WEB, 80],
  ]) {
    flow(shared, `Host with ${name} is 403`, async (s) => {
      const n = hosts[`${to} ${port}`].requests.length;
      const response = await ask(s, host, { to, port, target: `/forged-${name.replaceAll(' ', '-')}` });
      assert.equal(response.status, 403);
      assert.match(response.text, /names another place than the connection goes to/);
      assert.equal(hosts[`${to} ${port}`].requests.length, n);
      assert.equal((await logged(`/forged-${name.replaceAll(' ', '-')}`)).verdict, 'denied');
    });
  }

  flow(shared, 'Host with the very address, however spelt, is served', async (s) => {
    for (const host of [WEB, `${WEB}:80`, '0xc633640a', `[::ffff:${WEB}]`]) {
      assert.equal((await ask(s, host)).status, 200, host);
    }
    assert.equal((await ask(s, 'a.test:8080', { port: 8080 })).text, `GET / of ${WEB}`);
  });

  flow(shared, 'and so is the IPv4 address that NAT64 made the other of', async (s) => {
    const to = { to: WEB64, from: PHONE6 };
    assert.equal((await ask(s, WEB, to)).text, `GET / of ${WEB64}`);
    assert.equal((await ask(s, `[${WEB64}]`, to)).status, 200);
    assert.equal((await ask(s, OTHER, to)).status, 403);
    assert.equal((await ask(s, `[${WEB6}]`, to)).status, 403);
    for (const other of [WEB6, ISATAP]) {
      assert.equal((await ask(s, WEB, { to: other, from: PHONE6 })).status, 403);
    }
  });

  flow(shared, 'no Host, or none that can be read, is 400', async (s) => {
    for (const head of ['GET / HTTP/1.0\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n', 'GET / HTTP/1.1\r\nHost:\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a.test@b.test\r\n\r\n', '\0\0\0\0', 'EHLO me\r\n']) {
      const client = await open(s);
      await client.send(head);
      assert.equal((await client.response()).status, 400, JSON.stringify(head));
      client.close();
    }
  });

  flow(shared, 'https in absolute-form and CONNECT are 400', async (s) => {
    for (const head of ['GET https://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n', 'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n']) {
      const client = await open(s);
      await client.send(head);
      const response = await client.response();
      assert.equal(response.status, 400);
      assert.match(response.text, /to a proxy/);
      client.close();
    }
  });

  flow(shared, 'absolute-form goes to the server as well, by the name in it', async (s) => {
    for (const [url, host, status, text] of [['http://a.test/abs', 'b.test', 200, `GET /abs of ${WEB}`],
      ['http://ads.test/form.gif', 'a.test', 200, 'GIF89a'], ['http://a.test:8080/', 'a.test', 403, ''],
      ['http://127.0.0.1/', 'a.test', 403, '']]) {
      const client = await open(s);
      await client.send(`GET ${url} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      const response = await client.response();
      assert.equal(response.status, status, `${url}: ${response.text}`);
      assert.ok(response.text.startsWith(text), response.text);
      client.close();
    }
    assert.equal((await logged('/abs')).url, 'http://a.test/abs');
  });

  flow(shared, 'OPTIONS of the server goes to the server', async (s) => {
    const client = await open(s);
    await client.send('OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n');
    assert.equal((await client.response()).text, `OPTIONS * of ${WEB}`);
  });

  flow(shared, 'blocked by name, the portal by name, probes untouched', async (s) => {
    const blocked = await ask(s, 'ads.test', { target: '/x.gif', fields: ['Sec-Fetch-Dest: image'] });
    assert.equal(blocked.get('content-type'), 'image/gif');
    assert.match(blocked.get('x-pared-why'), /mine/);
    assert.equal((await logged('/x.gif')).verdict, 'block');
    const portal = await ask(s, 'pared.internal', { target: '/proxy.pac' });
    assert.equal(portal.status, 200);
    assert.ok(portal.text.includes(`:${shared.it.port}`), portal.text);
    const probe = await ask(s, 'connectivitycheck.gstatic.com', { target: '/generate_204' });
    assert.equal(probe.status, 200);
    assert.equal((await logged('/generate_204')).verdict, 'probe');
  });

  flow(shared, 'a private destination is refused, HTTP and TLS', async (s) => {
    const response = await ask(s, 'a.test', { to: '10.9.9.9' });
    assert.equal(response.status, 403);
    assert.match(response.text, /private/);
    assert.equal(hosts['10.9.9.9 80'].connections, 0);
    assert.match((await secure('a.test', { to: '10.9.9.9' })).error.message, UNRECOGNIZED);
  });

  flow(shared, 'IPv6', async (s) => {
    assert.equal((await ask(s, 'a.test', { to: WEB6, from: PHONE6 })).text, `GET / of ${WEB6}`);
    assert.equal((await ask(s, `[${WEB6}]`, { to: WEB6, from: PHONE6, target: '/six' })).status, 200);
    assert.equal((await logged('/six')).device, 'phone');
    assert.equal((await ask(s, '[2001:db8:5::11]', { to: WEB6, from: PHONE6 })).status, 403);
    const { socket } = await secure('a.test', { to: WEB6, from: PHONE6 });
    assert.equal(await line(socket), `a.test at ${WEB6}`);
    socket.destroy();
  });

  flow(shared, 'TLS is tunnelled to where it was going, and logged by its name', async () => {
    const { socket } = await secure('tls.test', { ALPNProtocols: ['http/1.1'] });
    assert.equal(await line(socket), `tls.test at ${WEB}`);
    assert.equal(socket.alpnProtocol, 'http/1.1');
    socket.write('echo');
    assert.equal(await line(socket), 'echo');
    socket.end();
    const entry = await logged('tls.test');
    assert.equal(entry.url, 'tls.test:443');
    assert.equal(entry.method, 'CONNECT');
    assert.equal(entry.flags, 'TS');
    assert.equal(entry.device, 'phone');
  });

  flow(shared, 'TLS: a name that leads elsewhere does not', async () => {
    const { socket } = await secure('elsewhere.test');
    assert.equal(await line(socket), `elsewhere.test at ${WEB}`);
    socket.destroy();
  });

  flow(shared, 'TLS: what is blocked ends with an alert, at once', async () => {
    for (const name of ['ads.test', 'ADS.test', 'ads.test.', 'ads-too.test']) {
      const begin = Date.now();
      const { error } = await secure(name);
      assert.match(error.message, UNRECOGNIZED);
      assert.ok(Date.now() - begin < 2000, 'it was slow');
    }
    const entry = await logged('ads-too.test');
    assert.equal(entry.verdict, 'block');
    assert.equal(entry.flags, 'TSR');
    assert.equal(entry.list, 'mine');
  });

  flow(shared, 'TLS without a name is judged by its address', async () => {
    const { socket } = await secure('');
    assert.equal(await line(socket), `- at ${WEB}`);
    socket.end();
    assert.equal((await logged(`${WEB}:443`)).flags, 'TS');
  });

  // The far end of a TLS client, whose first bytes a test sends by hand.
  async function captured(servername) {
    let got;
    const server = net.createServer((c) => { c.on('error', () => {}); c.once('data', (d) => got(d)); });
    await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    const bytes = new Promise((resolve) => { got = resolve; });
    const socket = tls.connect({ port: server.address().port, host: '127.0.0.1', servername });
    socket.on('error', () => {});
    const hello = await bytes;
    socket.destroy();
    server.close();
    return hello;
  }

  flow(shared, 'a ClientHello byte by byte, and cut into records', async (s) => {
    const whole = await captured('ads.test');
    const at = whole.indexOf('ads.test');
    const record = (b) => Buffer.concat([Buffer.from([22, 3, 1, b.length >> 8, b.length & 255]), b]);
    const message = whole.subarray(5);
    // The second cut goes through the name.
    const cut = Buffer.concat([record(message.subarray(0, 3)), record(message.subarray(3, at)), record(message.subarray(at))]);
    for (const bytes of [whole, cut]) {
      const client = await open(s, WEB, 443);
      await client.trickle(bytes);
      assert.deepEqual([...await client.take(7)], [21, 3, 3, 0, 2, 2, 112]);
      assert.equal(await client.ended(), 'eof');
    }
    const good = await captured('bit-by-bit.test');
    const client = await open(s, WEB, 443);
    await client.trickle(good);
    const first = await client.take(6);
    assert.deepEqual([first[0], first[5]], [22, 2], 'a ServerHello');
    client.close();
    assert.equal((await logged('bit-by-bit.test')).method, 'CONNECT');
  });

  flow(shared, 'TLS: an address for a name says no more than the address does', async (s) => {
    for (const [address, to, from, fits] of [[OTHER, OTHER, PHONE, true], [WEB6, WEB6, PHONE6, true], [WEB, OTHER, PHONE, false],
      ['2001:db8:5::11', WEB6, PHONE6, false]]) {
      const stand = `${'a'.repeat(address.length - 5)}.test`;
      const hello = await captured(stand);
      hello.write(address, hello.indexOf(stand), 'latin1');
      const client = await open(s, to, 443, from);
      await client.send(hello);
      const [type, , , , , , alert] = await client.take(7);
      assert.deepEqual([type, fits || alert], fits ? [22, true] : [21, 50], address);
      client.close();
      await logged(net.isIPv6(to) ? `[${to}]:443` : `${to}:443`);
    }
  });

  flow(shared, 'a ClientHello that is none ends with decode_error and reaches nobody', async (s) => {
    const whole = await captured('a.test');
    const broken = Buffer.from(whole);
    broken[43] = 255; // the length of the session id
    const two = Buffer.from(whole);
    two.write('a b:[x', whole.indexOf('a.test'), 'latin1');
    // Some servers pass over an alert, and take any version of the record.
    const behind = Buffer.concat([Buffer.from([21, 3, 1, 0, 2, 1, 90]), whole]);
    const versioned = Buffer.from(whole);
    versioned[1] = 2;
    for (const bytes of [broken, two, behind, versioned, Buffer.concat([Buffer.from([22, 3, 1, 255, 255]), Buffer.alloc(20000, 1)])]) {
      const client = await open(s, WEB, 443);
      await client.send(bytes);
      assert.deepEqual([...await client.take(7)], [21, 3, 3, 0, 2, 2, 50]);
      client.close();
    }
  });

  flow(shared, 'what is no TLS on 443 is tunnelled unread', async (s) => {
    for (const bytes of ['\0\x01odd\n', '\x16\x11\n', '\x15\x03\x01\0\x03\n', 'EHLO me\n', 'A\n']) {
      const client = await open(s, ODD, 443);
      await client.send(bytes);
      assert.equal(await client.line(), bytes);
      client.half();
      assert.equal(await client.ended(), 'eof');
    }
    assert.equal((await logged(`${ODD}:443`)).flags, 'TS');
  });

  flow(shared, 'where nobody speaks, the server may', async (s) => {
    const client = await open(s, WEB, 5222);
    const begin = Date.now();
    assert.equal(await client.line(), '220 greetings\r\n');
    assert.ok(Date.now() - begin > 2500, 'the client was not waited for');
    client.half();
    assert.equal((await logged(`${WEB}:5222`)).flags, 'TS');
  });

  flow(shared, 'on 443 silence opens nothing: a late ClientHello is judged', async (s) => {
    const hello = await captured('ads.test');
    const client = await open(s, ODD, 443);
    await client.send(3500, hello);
    assert.deepEqual([...await client.take(7)], [21, 3, 3, 0, 2, 2, 112]);
  });

  flow(shared, 'RestrictOutPortCONNECT holds for them', async (s) => {
    const client = await open(s, WEB, 25);
    await client.send('\0');
    assert.equal(await client.ended(), 'reset');
    assert.equal((await logged(`${WEB}:25`)).verdict, 'denied');
  });

  flow(shared, 'an origin that is away: 502, and a connection that breaks', async (s) => {
    hosts[`${OTHER} 80`].stop();
    hosts[`${OTHER} 443`].close();
    assert.equal((await ask(s, 'a.test', { to: OTHER })).status, 502);
    assert.match((await secure('a.test', { to: OTHER })).error.code, /ECONNRESET/);
  });

  flow(shared, 'rules that lead our own connections back make no loop', async (s) => {
    const before2 = shared.it.descriptors;
    assert.ok((await secure('a.test', { to: LOOP })).error);
    assert.equal((await ask(s, 'a.test', { to: LOOP })).status, 502);
    await shared.it.wrote(/leads pared's own connections to TransparentPort/);
    await eventually(() => shared.it.descriptors <= before2 + 4, 'all to be closed');
  });

  flow(parented, 'a parent gets the name where it leads there, else the address', async (s) => {
    const told = async (host) => (await ask(s, host, { from: BY_PARENT, target: '/p' })).text;
    assert.equal(await told('a.test'), 'parent: http://a.test/p');
    assert.equal(await told('elsewhere.test'), `parent: http://${WEB}:80/p`);
    assert.equal(parent.requests.at(-1).get('host'), `${WEB}:80`);
    assert.equal(await told('nowhere.test'), `parent: http://${WEB}:80/p`);
    assert.equal(await told(WEB), `parent: http://${WEB}/p`);
    const { socket } = await secure('elsewhere.test', { from: BY_PARENT });
    assert.equal(await line(socket), `elsewhere.test at ${WEB}`);
    socket.destroy();
    assert.equal(parent.requests.at(-1).target, `${WEB}:443`);
  });

  flow(locked, 'with passwords only a device that is named is served', async (s) => {
    assert.equal((await ask(s, 'a.test', { from: KNOWN, target: '/known' })).status, 200);
    assert.equal((await logged('/known', 'locked')).device, 'known');
    const refused = await ask(s, 'a.test', { from: UNKNOWN });
    assert.equal(refused.status, 403);
    assert.ok(!refused.fields.has('proxy-authenticate'));
    assert.match((await secure('a.test', { from: UNKNOWN })).error.message, UNRECOGNIZED);
    const { socket } = await secure('a.test', { from: KNOWN });
    assert.equal(await line(socket), `a.test at ${WEB}`);
    socket.destroy();
  });

  flow(locked, 'who says to be a connectivity check needs as much: its Host proves nothing', async (s) => {
    const asked = async (from, ...fields) => (await ask(s, 'connectivitycheck.gstatic.com', { from, target: '/generate_204', fields })).status;
    assert.equal(await asked(KNOWN), 200);
    assert.equal(await asked(UNKNOWN), 403);
    assert.equal(await asked(UNKNOWN, 'Connection: Upgrade', 'Upgrade: websocket'), 403);
  });

  flow(shared, 'five hundred at once, gone at any moment, leave nothing', async (s) => {
    const hello = await captured('a.test');
    // Of clients and tunnels, without this question's own.
    const left = async () => {
      const client = await s.client();
      await client.send(originForm(shared.it.authority, '/metrics'));
      const { text } = await client.response();
      client.close();
      return ['clients', 'tunnels'].map((n) => Number(new RegExp(`^pared_${n} (\\d+)$`, 'm').exec(text)[1]));
    };
    for (let round = 0; round < 5; round += 1) {
      await Promise.all(Array.from({ length: 100 }, async (_, i) => {
        const client = await open(s, WEB, i % 2 ? 443 : 80);
        await client.send(i % 2 ? hello.subarray(0, (i * 37) % (hello.length + 1)) : originForm('a.test').slice(0, (i * 7) % 60));
        if (i % 3) {
          client.reset();
        } else {
          client.close();
        }
      }));
    }
    await eventually(async () => {
      const [clients, tunnels] = await left();
      return clients <= 1 && tunnels === 0;
    }, 'the connections to be gone');
  });
}

if (inside) {
  within();
} else {
  outside();
}
