// Goal: whatever is done to a valid request, an origin sees a strictly valid
// one or none, and nothing that was content or rubbish becomes a request.
//
// PARED_MUTANTS: how many (1500). PARED_SEED: the sequence.

import { answer } from '../support/origin.mjs';
import { assert, flow, sharedProxy } from '../support/flow.mjs';
import { Late, show } from '../support/wire.mjs';

const COUNT = Number(process.env.PARED_MUTANTS ?? 1500);
const SEED = Number(process.env.PARED_SEED ?? 20261121);
const shared = sharedProxy({ HeaderTimeout: 1, ConnTimeout: 2, IdleTimeout: 1 });

function random(seed) {
  let x = seed | 0 || 1;
  return (n) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % n;
  };
}

const HIDDEN = 'GET /hidden-request HTTP/1.1\r\nHost: a\r\n\r\n';
const BASES = [
  (u, h) => `GET ${u}/mutant HTTP/1.1\r\nHost: ${h}\r\nAccept: */*\r\nX-A: b\r\n\r\n`,
  (u, h) => `POST ${u}/mutant HTTP/1.1\r\nHost: ${h}\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
  (u, h) => `POST ${u}/mutant HTTP/1.1\r\nHost: ${h}\r\nTransfer-Encoding: chunked\r\n\r\n` +
    `${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n0\r\n\r\n`,
  (u, h) => `PUT ${u}/mutant HTTP/1.1\r\nHost: ${h}\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n` +
    `5;a=b\r\nhello\r\n5\r\nworld\r\n0\r\nX: y\r\n\r\n`,
  (u, h) => `POST ${u}/mutant HTTP/1.1\r\nHost: ${h}\r\nConnection: close, X-A\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello`,
];
const PIECES = [
  '\r', '\n', '\r\n', '\r\n\r\n', '\n\n', '\0', ' ', '\t', '\v', '\f', ':', ',', ';', '"', '\\', '\x7f', '\x80', '\xff',
  '0', '1', '5', 'f', '-', '+', '0x', '.', '/', '@', '#', '?', '%', '[', ']',
  'Content-Length: 0\r\n', 'Content-Length: 3\r\n', 'Content-Length: 9999\r\n', 'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: x\r\n', 'transfer-encoding:\tchunked\r\n', 'Host: evil.test\r\n', 'Connection: Content-Length\r\n',
  'Connection: Transfer-Encoding\r\n', ' X: y\r\n', '0\r\n\r\n', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/1.1\r\n', 'GET ',
  'ffffffffffffffff', '00000000000000000', '18446744073709551616', 'chunked', 'identity, ', HIDDEN,
];

function mutate(text, rnd) {
  let out = text;
  for (let n = 1 + rnd(3); n > 0; n -= 1) {
    const at = rnd(out.length + 1);
    const end = Math.min(out.length, at + 1 + rnd(rnd(4) ? 3 : 40));
    switch (rnd(6)) {
      case 0: out = out.slice(0, at) + out.slice(end); break;
      case 1: out = out.slice(0, at) + String.fromCharCode(rnd(256)) + out.slice(at + 1); break;
      case 2: out = out.slice(0, at) + out.slice(at, end) + out.slice(at); break;
      default: out = out.slice(0, at) + PIECES[rnd(PIECES.length)] + out.slice(rnd(3) ? at : end);
    }
  }
  return out;
}

flow(shared, `${COUNT} mutants, seed ${SEED}`, async (s) => {
  const rnd = random(SEED);
  const origin = await s.origin(async (c) => {
    for (let r = await c.request(); r; r = await c.request()) {
      await c.send(answer('ok'));
    }
  }, { strict: false });
  const counts = { served: 0, refused: 0, closed: 0 };
  for (let i = 0; i < COUNT; i += 1) {
    const plain = BASES[i % BASES.length](origin.url, origin.authority);
    const text = mutate(plain, rnd);
    const client = await shared.it.client();
    try {
      await client.send(text);
      client.half();
      const response = await client.response();
      counts[!response ? 'closed' : response.status < 400 ? 'served' : 'refused'] += 1;
      await client.ended(20000);
    } catch (err) {
      if (err instanceof Late) {
        throw new Error(`mutant ${i} is held:\n${show(Buffer.from(text, 'latin1'))}\n${client.dump()}`);
      }
      if (err.name !== 'Cut') {
        throw new Error(`mutant ${i}: ${err.message}\n${show(Buffer.from(text, 'latin1'))}\n${client.dump()}`);
      }
      counts.closed += 1;
    } finally {
      client.close();
    }
    // A request line of the mutant's own in the open is a request; in content
    // it is none: those carry no absolute target, so they reach no origin.
    assert.ok(!origin.requests.some((r) => r.target.includes('hidden')),
      `mutant ${i} let a hidden request out:\n${show(Buffer.from(text, 'latin1'))}`);
    assert.deepEqual(origin.faults, [],
      `mutant ${i} went on malformed:\n${show(Buffer.from(text, 'latin1'))}`);
    origin.requests.length = 0;
  }
  assert.ok(counts.served > COUNT / 20 && counts.refused > COUNT / 10, JSON.stringify(counts));
  // And it serves on.
  const client = await s.client();
  assert.equal((await client.ask(`${origin.url}/after`)).status, 200);
}, { timeout: Infinity });
