// Goal: the portal answers by its own names only (DNS rebinding), reads only,
// and a PAC is what every fetcher takes.

import net from 'node:net';
import vm from 'node:vm';
import { assert, flow, sharedProxy } from '../support/flow.mjs';
import { Pared } from '../support/pared.mjs';

const shared = sharedProxy({ PortalNames: ['proxy.home.test'] });

async function own(s, path, { host = shared.it.authority, method = 'GET', fields = [], version = '1.1' } = {}) {
  const client = await s.client();
  await client.send(`${method} ${path} HTTP/${version}\r\n${host === null ? '' : `Host: ${host}\r\n`}` +
    `${fields.map((f) => `${f}\r\n`).join('')}\r\n`);
  return client.response({ method, sent: version });
}

flow(shared, '/healthz', async (s) => {
  const response = await own(s, '/healthz');
  assert.equal(response.status, 200);
  assert.match(response.get('cache-control'), /no-store/);
});

flow(shared, 'the start page', async (s) => {
  const response = await own(s, '/', { fields: ['Accept: text/html'] });
  assert.equal(response.status, 200);
  assert.match(response.get('content-type'), /^text\/html/);
  assert.match(response.get('content-security-policy') ?? '', /default-src 'none'/);
  assert.match(response.text, /proxy\.pac/);
  assert.ok(!/<script/i.test(response.text));
});

flow(shared, 'http://pared.internal/ through the proxy', async (s) => {
  const client = await s.client();
  const response = await client.ask('http://pared.internal/', ['Accept: text/html']);
  assert.equal(response.status, 200);
  assert.equal((await client.ask('http://pared.internal/healthz')).status, 200);
  assert.equal((await client.ask('http://PARED.internal:80/healthz')).status, 200);
});

// The script as a browser runs it: every standard function, nothing else.
function decide(pac, url) {
  const context = vm.createContext({
    isPlainHostName: (h) => !h.includes('.'), dnsDomainIs: (h, d) => h.endsWith(d),
    localHostOrDomainIs: (h, d) => h === d, shExpMatch: (s, e) => new RegExp(`^${e.replace(/[.+]/g, '\\$&').replace(/\*/g, '.*')}$`).test(s),
    isResolvable: () => false, isInNet: () => false, dnsResolve: () => null, myIpAddress: () => '127.0.0.1',
    dnsDomainLevels: (h) => h.split('.').length - 1,
  });
  vm.runInContext(pac, context);
  return vm.runInContext(`FindProxyForURL(${JSON.stringify(url)}, ${JSON.stringify(new URL(url).hostname)})`, context);
}

for (const path of ['/proxy.pac', '/wpad.dat', '/proxy.pac?x=1']) {
  flow(shared, `${path} is a PAC that works`, async (s) => {
    const response = await own(s, path);
    // Chromium takes nothing but 200; WinHTTP wants the type.
    assert.equal(response.status, 200);
    assert.equal(response.get('content-type'), 'application/x-ns-proxy-autoconfig');
    assert.equal(response.framing, 'length');
    assert.ok(response.body.length < 65536);
    assert.ok(/^[\x09\x0a\x0d\x20-\x7e]*$/.test(response.text), 'plain ASCII');
    const proxy = `PROXY ${shared.it.authority}`;
    assert.ok(decide(response.text, 'http://www.example.org/').startsWith(proxy));
    assert.ok(decide(response.text, 'https://www.example.org/').startsWith(proxy));
    assert.ok(decide(response.text, 'http://pared.internal/').startsWith(proxy));
    assert.equal(decide(response.text, 'http://captive.apple.com/hotspot-detect.html'), 'DIRECT');
    assert.equal(decide(response.text, 'http://connectivitycheck.gstatic.com/generate_204'), 'DIRECT');
    const head = await own(s, path, { method: 'HEAD' });
    assert.equal(head.get('content-length'), String(response.body.length));
  });
}

flow(shared, 'the PAC names the proxy as the client reached it', async (s) => {
  for (const host of [`127.0.0.1:${shared.it.port}`, `localhost:${shared.it.port}`, `proxy.home.test:${shared.it.port}`]) {
    const response = await own(s, '/proxy.pac', { host });
    assert.match(decide(response.text, 'http://a.test/'), new RegExp(`^PROXY (127\\.0\\.0\\.1|localhost|proxy\\.home\\.test):${shared.it.port}`));
  }
  // What is in Host never gets into the script raw.
  const evil = await own(s, '/proxy.pac', { host: '"};alert(1);//' });
  assert.equal(evil.status, 400);
});

flow(shared, 'a PAC for a 1.0 fetcher without Host', async (s) => {
  const response = await own(s, '/proxy.pac', { host: null, version: '1.0' });
  assert.equal(response.status, 200);
  assert.ok(decide(response.text, 'http://a.test/').startsWith('PROXY '));
});

for (const host of ['evil.test', 'evil.test:80', 'pared.internal.evil.test', 'xpared.internal', 'localhost.evil.test',
  'evil-localhost', '127.0.0.1.evil.test']) {
  flow(shared, `rebinding: Host ${host} is 421`, async (s) => {
    for (const path of ['/', '/proxy.pac', '/metrics', '/healthz']) {
      const response = await own(s, path, { host });
      assert.equal(response.status, 421, path);
      assert.ok(!/PROXY |pared_/.test(response.text));
    }
  });
}
for (const host of ['pared.internal', 'PARED.INTERNAL', 'pared.internal.', 'localhost', 'proxy.home.test', '127.0.0.1', '[::1]']) {
  flow(shared, `Host ${host} is ours`, async (s) => {
    assert.equal((await own(s, '/healthz', { host })).status, 200);
    assert.equal((await own(s, '/healthz', { host: `${host}:${shared.it.port}` })).status, 200);
  });
}

flow(shared, 'only GET and HEAD', async (s) => {
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'OPTIONS', 'BREW']) {
    const response = await own(s, '/', { method });
    assert.ok([405, 501, 200, 204].includes(response.status), `${method}: ${response.status}`);
    if (response.status < 300) {
      assert.equal(method, 'OPTIONS');
    }
  }
});

flow(shared, 'other paths are 404, whatever is in them', async (s) => {
  for (const path of ['/nothing', '/../etc/passwd', '//', '/%2e%2e/etc/passwd', '/healthz/', '/HEALTHZ', '/proxy.pac/x', '/.git/config']) {
    const response = await own(s, path);
    assert.equal(response.status, 404, path);
  }
  const page = await own(s, '/%3Cscript%3Ealert(1)%3C/script%3E<i>', { fields: ['Accept: text/html'] });
  assert.ok(!page.text.includes('<i>') && !page.text.includes('<script'));
});

flow(shared, '/metrics counts', async (s) => {
  const read = async () => {
    const response = await own(s, '/metrics');
    assert.equal(response.status, 200);
    assert.match(response.get('content-type'), /^text\/plain/);
    return Number(/^pared_exchanges_total (\d+)$/m.exec(response.text)[1]);
  };
  const before = await read();
  const origin = await s.origin();
  const client = await s.client();
  for (let i = 0; i < 5; i += 1) {
    await client.ask(`${origin.url}/`);
  }
  assert.ok(await read() >= before + 5);
});

flow(shared, 'the portal is not reached by way of another origin\'s name', async (s) => {
  const client = await s.client();
  const response = await client.ask(`http://127.0.0.1:${shared.it.port}/metrics`);
  assert.ok(!/pared_/.test(response.text));
});

flow(shared, 'a listener on IPv6 works, and its PAC says so', async (s) => {
  const six = await Pared.start({ Address: '::1' }, { host: '::1' });
  try {
    const client = await six.client();
    await client.send(`GET /proxy.pac HTTP/1.1\r\nHost: [::1]:${six.port}\r\n\r\n`);
    const response = await client.response();
    assert.equal(decide(response.text, 'http://a.test/').split(';')[0], `PROXY [::1]:${six.port}`);
    const origin = await s.origin();
    assert.equal((await client.ask(`${origin.url}/`)).status, 200);
    client.close();
    assert.ok(net.isIPv6('::1'));
  } finally {
    await six.stop();
  }
});
