// Goal: HUP reloads without losing a connection, USR1 reopens logs, TERM lets
// exchanges end, a second TERM does not; the children end with their parent.

import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Origin, answer } from '../support/origin.mjs';
import { Client, get } from '../support/client.mjs';
import { Dns } from '../support/dns.mjs';
import { LOOPBACK, Pared, tempDir } from '../support/pared.mjs';
import { assert, eventually, flow } from '../support/flow.mjs';

const none = { it: null };

// Runs one scene with a pared of its own, which must end cleanly unless the
// scene ended it.
async function withPared(s, options, settings, run) {
  const proxy = await Pared.start(options, settings);
  s.proxy = proxy;
  try {
    await run(proxy);
  } finally {
    s.proxy = null;
    if (!proxy.ended) {
      await proxy.stop();
    } else {
      proxy.signal('SIGKILL');
      proxy.forget();
    }
  }
}

async function exitOf(proxy, deadline = 20000) {
  proxy.ended = true;
  await eventually(() => proxy.exited, 'pared to end', deadline);
  proxy.checkOutput();
  return proxy.exited;
}

const slowOrigin = (s, ms = 600) => s.origin(async (c) => {
  while (await c.request()) {
    await c.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello', ms, 'world');
  }
});

flow(none, 'TERM: idle connections are closed, exit 0', async (s) => {
  await withPared(s, {}, {}, async (proxy) => {
    const origin = await s.origin();
    const client = await s.client();
    assert.equal((await client.ask(`${origin.url}/`)).status, 200);
    proxy.signal('SIGTERM');
    await client.ended();
    assert.deepEqual(await exitOf(proxy), { code: 0, signal: null });
    await assert.rejects(Client.connect(proxy.port), 'the port is still open');
  });
});

flow(none, 'TERM: exchanges and tunnels under way may end', async (s) => {
  await withPared(s, { RestrictOutPortCONNECT: ['1-65535'], DrainTimeout: 600 }, {}, async (proxy) => {
    const origin = await slowOrigin(s, 1500);
    const echo = await s.origin(async (c) => { c.keep = true; c.socket.pipe(c.socket); });
    const client = await s.client();
    await client.send(get(`${origin.url}/`));
    const tunnel = await s.client();
    assert.equal((await tunnel.connectTo(echo.authority)).status, 200);
    await eventually(() => origin.requests.length === 1, 'the request');
    proxy.signal('SIGTERM');
    await sleep(200);
    assert.equal(proxy.exited, null, 'it did not wait');
    await tunnel.send('still here');
    assert.equal((await tunnel.take(10)).toString(), 'still here');
    const response = await client.response();
    assert.equal(response.text, 'helloworld');
    assert.ok(response.complete);
    await client.ended();
    client.close();
    tunnel.close();
    assert.deepEqual(await exitOf(proxy), { code: 0, signal: null });
  });
});

flow(none, 'TERM: new connections are not taken', async (s) => {
  await withPared(s, { DrainTimeout: 600 }, {}, async (proxy) => {
    const origin = await slowOrigin(s, 2000);
    const client = await s.client();
    await client.send(get(`${origin.url}/`));
    await eventually(() => origin.requests.length === 1, 'the request');
    proxy.signal('SIGTERM');
    await sleep(300);
    let late = null;
    try {
      const other = await s.client();
      late = await other.ask(`${origin.url}/late`);
    } catch {
      late = null;
    }
    assert.ok(!late || late.status === 503, `${late?.status}`);
    assert.equal((await client.response()).text, 'helloworld');
    await client.ended();
    client.close();
    await exitOf(proxy);
  });
});

flow(none, 'TERM: DrainTimeout is the end', async (s) => {
  await withPared(s, { DrainTimeout: 1 }, {}, async (proxy) => {
    const origin = await s.origin(async (c) => { await c.request(); c.keep = true; });
    const client = await s.client();
    await client.send(get(`${origin.url}/`));
    await eventually(() => origin.requests.length === 1, 'the request');
    proxy.signal('SIGTERM');
    assert.equal((await exitOf(proxy)).signal, null);
    await client.ended();
  });
});

flow(none, 'a second TERM ends it at once', async (s) => {
  await withPared(s, { DrainTimeout: 600 }, {}, async (proxy) => {
    const origin = await s.origin(async (c) => { await c.request(); c.keep = true; });
    const client = await s.client();
    await client.send(get(`${origin.url}/`));
    await eventually(() => origin.requests.length === 1, 'the request');
    proxy.signal('SIGTERM');
    await sleep(500);
    assert.equal(proxy.exited, null);
    proxy.signal('SIGTERM');
    await exitOf(proxy);
    await client.ended();
  });
});

flow(none, 'INT ends it like TERM', async (s) => {
  await withPared(s, {}, {}, async (proxy) => {
    proxy.signal('SIGINT');
    assert.deepEqual(await exitOf(proxy), { code: 0, signal: null });
  });
});

flow(none, 'USR1 reopens the access log', async (s) => {
  const dir = tempDir();
  const log = path.join(dir, 'access');
  const count = (file, mark) => (fs.existsSync(file)
    ? fs.readFileSync(file, 'latin1').split('\n').filter((l) => l.includes(mark)).length : 0);
  await withPared(s, { AccessLog: log, AccessLogFormat: 'json' }, {}, async (proxy) => {
    const origin = await s.origin();
    const client = await s.client();
    await client.ask(`${origin.url}/before`);
    await eventually(() => count(log, 'before') === 1, 'the first line');
    fs.renameSync(log, `${log}.1`);
    await client.ask(`${origin.url}/between`);
    await eventually(() => count(`${log}.1`, 'between') === 1, 'a line in the old file');
    proxy.signal('SIGUSR1');
    await eventually(() => fs.existsSync(log), 'the new file');
    await client.ask(`${origin.url}/after`);
    await eventually(() => count(log, 'after') + count(`${log}.1`, 'after') === 1, 'a line in the new file');
    assert.equal(count(log, 'after'), 1);
    // The folder is gone: the old file goes on, and so does the proxy.
    fs.chmodSync(log, 0o600);
    proxy.signal('SIGUSR1');
    assert.equal((await client.ask(`${origin.url}/again`)).status, 200);
  });
  assert.equal(count(log, 'again'), 1, 'the last lines are written at the end');
  fs.rmSync(dir, { recursive: true });
});

flow(none, 'HUP takes the new configuration, and kept connections live', async (s) => {
  const dir = tempDir();
  const list = path.join(dir, 'deny');
  fs.writeFileSync(list, 'http://none.test/*\n');
  await withPared(s, { URLDeny: list }, {}, async (proxy) => {
    const origin = await s.origin();
    const client = await s.client();
    assert.equal((await client.ask(`${origin.url}/x`)).status, 200);
    // The same list with a new line.
    fs.writeFileSync(list, `http://none.test/*\nhttp://127.0.0.1*/x\nhttp://127.0.0.1:${origin.port}/x\n`);
    const at = proxy.stderr.length;
    proxy.signal('SIGHUP');
    await eventually(async () => (await client.ask(`${origin.url}/x`)).status === 403, 'the new list');
    assert.equal((await client.ask(`${origin.url}/y`)).status, 200);
    // A new option.
    proxy.writeConfig({ AllowPrivate: ['::1'] });
    proxy.signal('SIGHUP');
    await eventually(async () => (await client.ask(`${origin.url}/y`)).status === 403, 'the new option');
    proxy.writeConfig({ AllowPrivate: LOOPBACK });
    proxy.signal('SIGHUP');
    await eventually(async () => (await client.ask(`${origin.url}/y`)).status === 200, 'the old option');
    assert.ok(proxy.stderr.length >= at);
  });
  fs.rmSync(dir, { recursive: true });
});

flow(none, 'HUP with a broken configuration keeps the old one and says why', async (s) => {
  await withPared(s, {}, {}, async (proxy) => {
    const origin = await s.origin();
    const client = await s.client();
    for (const extra of ['Prot = 8080\n', 'ConnTimeout = "soon"\n', 'lists { source a { url = "file:/nowhere" } }\n', 'MaxSize = {\n']) {
      const at = proxy.stderr.length;
      proxy.writeConfig({}, extra);
      proxy.signal('SIGHUP');
      await proxy.wrote(/pared\.conf|\/nowhere: No such file/, at);
      assert.equal((await client.ask(`${origin.url}/`)).status, 200, extra);
    }
    fs.rmSync(proxy.file);
    const at = proxy.stderr.length;
    proxy.signal('SIGHUP');
    await proxy.wrote(/./, at);
    assert.equal((await client.ask(`${origin.url}/`)).status, 200);
  });
});

flow(none, 'HUP with another port is told, and the old port stays', async (s) => {
  await withPared(s, {}, {}, async (proxy) => {
    const origin = await s.origin();
    const { port } = proxy;
    const at = proxy.stderr.length;
    proxy.writeConfig({ Port: port + 1 });
    proxy.signal('SIGHUP');
    await proxy.wrote(/Port/, at);
    const client = await s.client();
    assert.equal((await client.ask(`${origin.url}/`)).status, 200);
  });
});

flow(none, 'twenty HUPs under load lose nothing', async (s) => {
  await withPared(s, { Workers: 2 }, {}, async (proxy) => {
    const origin = await Origin.start(async (c) => {
      for (let r = await c.request(); r; r = await c.request()) {
        await c.send(answer(Buffer.alloc(3000, r.target)));
      }
    });
    let stop = false;
    let done = 0;
    const talker = async (i) => {
      let kept = await proxy.client();
      for (let k = 0; !stop; k += 1) {
        const client = k % 4 === 0 ? await proxy.client() : kept;
        const response = await client.ask(`${origin.url}/${i}-${k}`, k % 7 === 6 ? ['Connection: close'] : []);
        assert.equal(response?.status, 200, `${i}-${k}`);
        assert.ok(response.complete && response.body.equals(Buffer.alloc(3000, `/${i}-${k}`)));
        done += 1;
        if (k % 7 === 6 && client === kept) {
          kept = await proxy.client();
        } else if (client !== kept) {
          client.close();
        }
      }
      kept.close();
    };
    const talkers = Promise.all(Array.from({ length: 12 }, (_, i) => talker(i)));
    for (let i = 0; i < 20; i += 1) {
      await Promise.race([sleep(120), talkers]);
      proxy.signal('SIGHUP');
    }
    await sleep(300);
    stop = true;
    await talkers;
    assert.ok(done > 100, `only ${done} exchanges`);
    assert.deepEqual(origin.faults, []);
    await origin.stop();
  });
});

flow(none, 'a hundred HUPs keep no memory, and names asked for go on being looked up', async (s) => {
  const dns = await Dns.start();
  dns.set('late.test', (type, count) => (count < 3 ? 'silent' : { A: ['127.0.0.1'] }));
  try {
    await withPared(s, { Workers: 2, Nameservers: [dns.address] }, {}, async (proxy) => {
      const origin = await s.origin();
      const before = proxy.memory;
      const client = await s.client();
      await client.send(get(`http://late.test:${origin.port}/`));
      await eventually(() => dns.asked.length > 0, 'the question');
      for (let i = 0; i < 100; i += 1) {
        const start = proxy.stderr.length;
        proxy.signal('SIGHUP');
        await proxy.wrote(/reloaded/, start);
      }
      assert.equal((await client.response()).status, 200);
      proxy.assertGrowth(before, 16 << 10);
    });
  } finally {
    await dns.stop();
  }
});

flow(none, 'signals in a heap harm nothing', async (s) => {
  await withPared(s, {}, {}, async (proxy) => {
    for (let i = 0; i < 60; i += 1) {
      proxy.signal(i % 2 ? 'SIGHUP' : 'SIGUSR1');
      proxy.signal('SIGPIPE');
    }
    const origin = await s.origin();
    const client = await s.client();
    assert.equal((await client.ask(`${origin.url}/`)).status, 200);
    proxy.signal('SIGHUP');
  });
});

flow(none, 'no child outlives it, even when it is killed', async (s) => {
  const { photo, png } = await import('../support/images.mjs');
  const body = png(photo(120, 90));
  const proxy = await Pared.start({});
  const origin = await s.origin(async (c) => {
    while (await c.request()) {
      await c.send(answer(body, { fields: ['Content-Type: image/png'] }));
    }
  });
  const client = await proxy.client();
  assert.equal((await client.ask(`${origin.url}/`, ['Accept: image/webp'])).status, 200);
  const { children } = proxy;
  proxy.signal('SIGKILL');
  await eventually(() => proxy.exited, 'the kill');
  const lives = (pid) => {
    try {
      return !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'latin1'));
    } catch {
      return false;
    }
  };
  await eventually(() => !children.some(lives), `children ${children} to end`);
  client.close();
  proxy.forget();
});
