// Goal: one line an exchange, in each format exactly, whatever a peer sends.

import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { Pared, tempDir } from '../support/pared.mjs';
import { answer } from '../support/origin.mjs';
import { get } from '../support/client.mjs';
import { assert, eventually, flow } from '../support/flow.mjs';

const dir = tempDir();
const formats = {};
for (const name of ['ziproxy', 'json', 'squid', 'clf']) {
  formats[name] = { it: null, file: path.join(dir, name) };
}
before(async () => {
  await Promise.all(Object.entries(formats).map(async ([name, f]) => {
    f.it = await Pared.start({
      AccessLog: f.file, AccessLogFormat: name, RestrictOutPortCONNECT: ['1-65535'],
    });
  }));
});
after(async () => {
  await Promise.all(Object.values(formats).map((f) => f.it?.stop()));
  fs.rmSync(dir, { recursive: true, force: true });
});

function lines(f) {
  return fs.existsSync(f.file) ? fs.readFileSync(f.file, 'latin1').split('\n').slice(0, -1) : [];
}

// The line whose URL has the mark.
async function lineOf(f, mark) {
  let found;
  await eventually(() => {
    found = lines(f).filter((l) => l.includes(mark));
    return found.length > 0;
  }, `a line with ${mark}`);
  assert.equal(found.length, 1, 'one exchange, one line');
  return found[0];
}

const ZIPROXY = /^(\d+\.\d{3}) {1,6}(\d+) {1,}(\S+) {1,2}(\S+) {1,}(\d+) {1,}(\d+) (\S+) (\S+)$/;

flow(formats.ziproxy, 'Ziproxy\'s format, column by column', async (s) => {
  const origin = await s.origin(async (c) => {
    while (await c.request()) {
      await c.send(answer('12345'));
    }
  });
  const client = await s.client();
  await client.ask(`${origin.url}/mark-one?a=b`);
  const line = await lineOf(formats.ziproxy, 'mark-one');
  const m = ZIPROXY.exec(line);
  assert.ok(m, line);
  assert.ok(Math.abs(Number(m[1]) - Date.now() / 1000) < 300);
  assert.equal(m[3], '127.0.0.1');
  assert.ok(m[4].startsWith('P'));
  assert.equal(m[5], '5');
  assert.equal(m[6], '5');
  assert.equal(m[7], 'GET');
  assert.equal(m[8], `${origin.url}/mark-one?a=b`);
  // Widths: "%ld.%03ld %6ld %15s %2s %6lld %6lld %s %s".
  assert.equal(line.slice(14, 21), ` ${m[2].padStart(6)}`);
  assert.ok(line.includes(` ${'127.0.0.1'.padStart(15)} ${m[4].padStart(2)} ${'5'.padStart(6)} ${'5'.padStart(6)} GET `), line);
});

flow(formats.ziproxy, 'a tunnel is a line with S', async (s) => {
  const origin = await s.origin(async (c) => {
    await c.take(3);
    await c.send('reply');
  });
  const client = await s.client();
  await client.connectTo(origin.authority);
  await client.send('abc');
  await client.take(5);
  client.close();
  const line = await lineOf(formats.ziproxy, origin.authority);
  const m = ZIPROXY.exec(line);
  assert.ok(m, line);
  assert.match(m[4], /S/);
  assert.equal(m[7], 'CONNECT');
});

flow(formats.ziproxy, 'an answer cut short is marked B', async (s) => {
  const origin = await s.origin(async (c) => {
    await c.request();
    await c.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello', 50);
    c.reset();
  });
  const client = await s.client();
  await client.ask(`${origin.url}/mark-cut`).catch(() => {});
  const m = ZIPROXY.exec(await lineOf(formats.ziproxy, 'mark-cut'));
  assert.match(m[4], /B/);
});

flow(formats.json, 'JSON: an object a line', async (s) => {
  const origin = await s.origin(async (c) => {
    while (await c.request()) {
      await c.send(answer('12345', { status: '404 Not Found', fields: ['Content-Type: text/plain; charset=x'] }));
    }
  });
  const client = await s.client();
  await client.ask(`${origin.url}/mark-json?q=%22`);
  const o = JSON.parse(await lineOf(formats.json, 'mark-json'));
  assert.equal(o.url, `${origin.url}/mark-json?q=%22`);
  assert.equal(o.method, 'GET');
  assert.equal(o.status, 404);
  assert.equal(o.client, '127.0.0.1');
  assert.equal(o.in, 5);
  assert.equal(o.out, 5);
  assert.equal(o.verdict, 'pass');
  assert.match(o.type, /^text\/plain/);
});

flow(formats.json, 'refusals and failures have lines, with a reason', async (s) => {
  const dead = await s.origin();
  await dead.stop();
  const client = await s.client();
  await client.ask(`${dead.url}/mark-dead`);
  const o = JSON.parse(await lineOf(formats.json, 'mark-dead'));
  assert.equal(o.status, 502);
  assert.ok(o.error, 'no reason');
  await (await s.client()).ask('http://10.0.0.1/mark-private');
  assert.equal(JSON.parse(await lineOf(formats.json, 'mark-private')).status, 403);
});

flow(formats.squid, 'squid\'s format, as goaccess reads it', async (s) => {
  const origin = await s.origin();
  const client = await s.client();
  await client.ask(`${origin.url}/mark-squid`);
  const line = await lineOf(formats.squid, 'mark-squid');
  assert.match(line, new RegExp('^\\d+\\.\\d{3} +\\d+ 127\\.0\\.0\\.1 [A-Z_]+/200 2 GET ' +
    `${origin.url}/mark-squid - [A-Z_]+/\\S+ \\S+$`));
});

flow(formats.clf, 'the Common Log Format', async (s) => {
  const origin = await s.origin();
  const client = await s.client();
  await client.ask(`${origin.url}/mark-clf`);
  const line = await lineOf(formats.clf, 'mark-clf');
  assert.match(line, new RegExp('^127\\.0\\.0\\.1 - - \\[\\d\\d/[A-Z][a-z]{2}/\\d{4}:\\d\\d:\\d\\d:\\d\\d [+-]\\d{4}\\] ' +
    `"GET ${origin.url}/mark-clf HTTP/1\\.1" 200 2$`));
});

for (const [name, f] of Object.entries(formats)) {
  flow(f, `${name}: nothing a peer sends makes a second line or a control byte`, async (s) => {
    const origin = await s.origin(async (c) => {
      while (await c.request()) {
        await c.send(answer('ok', { fields: ['Content-Type: "\x1b[31m\xff'] }).toString('latin1').replace('\x1b', '\t'));
      }
    });
    for (const bytes of [
      get(`${origin.url}/mark-a"b'c|d%0a%0d%00e`), get(`${origin.url}/mark-long?${'x'.repeat(9000)}`),
      'GET http://a\x1b[31m/ HTTP/1.1\r\nHost: a\r\n\r\n', 'X\x01Y\xff http://a/\nfake line\r\n\r\n',
      `GET ${origin.url}/ HTTP/1.1\r\nHost: a\nfake: line\r\n\r\n`, '\xff\xfe\0\0\r\n\r\n',
      get(`${origin.url}/mark-odd`, [], { method: "!#$%&'*+-.^_`|~" }),
    ]) {
      const client = await s.client();
      await client.send(bytes);
      await client.response().catch(() => {});
      client.close();
    }
    await eventually(() => lines(f).some((l) => l.includes('mark-odd')), 'the last line');
    for (const line of lines(f)) {
      assert.ok(/^[\x20-\x7e\x80-\xff]+$/.test(line), JSON.stringify(line));
      assert.ok(!line.startsWith('fake'));
      if (name === 'json') {
        JSON.parse(line);
      } else if (name === 'ziproxy') {
        assert.match(line, ZIPROXY);
      }
    }
  });
}

flow(formats.json, 'pipelined exchanges have a line each', async (s) => {
  const origin = await s.origin();
  const client = await s.client();
  await client.send(Buffer.concat(Array.from({ length: 30 }, (_, i) => get(`${origin.url}/pipe-${i}-end`))));
  for (let i = 0; i < 30; i += 1) {
    await client.response();
  }
  await eventually(() => lines(formats.json).filter((l) => l.includes('/pipe-')).length === 30, 'thirty lines');
});
