// Goal: what a name server is given is what lists block whole, and no more: a
// host that an exception lets pass resolves, and so does one of which a rule
// means a part.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after } from 'node:test';
import { configText, runPared, tempDir } from '../support/pared.mjs';
import { assert, flow } from '../support/flow.mjs';

const top = tempDir();
after(() => fs.rmSync(top, { recursive: true, force: true }));

const rules = [
  '||ads.test^', '||www.ads.test^', '||cdn.test/ads/', '||some.test^$script',
  '@@||good.ads.test^', '||half.test^', '@@||half.test^$domain=shop.test',
  '||gone.test^', '||gone.test^$badfilter', '||passed.test^', '||www.msftconnecttest.com^', '',
].join('\n');
const file = (name, text) => {
  const at = path.join(top, name);
  fs.writeFileSync(at, text);
  return at;
};
const adblock = file('ads.txt', rules);
const hosts = file('hosts.txt', '0.0.0.0 one.test\n0.0.0.0 a.one.test\n0.0.0.0 x.ads.test\n');
const conf = file('pared.conf', configText({ Port: 18080 }, `lists {
 directory = "${top}"
 source ads { url = "file:${adblock}" }
 source hosts { url = "file:${hosts}" }
 source kids { url = "file:${file('kids.txt', 'kids.test\n')}" default = false }
}
site "*.passed.test" { lists = "off" }
`));
const run = (...args) => runPared(['lists', 'export', '-c', conf, ...args]);
const zone = (...names) => names.map((n) => `local-zone: "${n}" always_null\n`).join('');

flow({ it: null }, 'unbound: zones, names alone, and what passes', async () => {
  const { code, stdout, stderr } = await run();
  assert.equal(code, 0, stderr);
  assert.equal(stdout, [
    zone('ads.test'), 'local-zone: "good.ads.test" transparent\n', zone('half.test'),
    ...['one.test', 'a.one.test'].map((n) => `local-data: "${n} A 0.0.0.0"\nlocal-data: "${n} AAAA ::"\n`),
  ].join(''));
  assert.match(stderr, /^4 names$/m);
  assert.match(stderr, /left out 1: rules for parts of hosts/);
  assert.match(stderr, /left out 1: rules with options/);
  assert.match(stderr, /left out 1: exceptions/);
});

flow({ it: null }, 'other syntaxes say as much as they can', async () => {
  const text = async (format) => (await run('--format', format)).stdout;
  const names = ['ads.test', 'www.ads.test', 'x.ads.test', 'half.test', 'one.test', 'a.one.test'];
  assert.equal(await text('domains'), names.map((n) => `${n}\n`).join(''));
  assert.equal(await text('hosts'), names.map((n) => `0.0.0.0 ${n}\n`).join(''));
  assert.equal(await text('dnsmasq'), 'address=/ads.test/#\nserver=/good.ads.test/#\naddress=/half.test/#\n' +
    'host-record=one.test,0.0.0.0,::\nhost-record=a.one.test,0.0.0.0,::\n');
  const rpz = await text('rpz');
  assert.match(rpz, /^\$TTL 300\n@ SOA .*\n@ NS localhost\.\nads\.test CNAME \.\n\*\.ads\.test CNAME \.\n/);
  assert.match(rpz, /^\*\.good\.ads\.test CNAME rpz-passthru\.$/m);
  assert.match(rpz, /^one\.test CNAME \.\na\.one\.test CNAME \.\n$/m);
  const { code, stderr } = await run('--format', 'unboun');
  assert.equal(code, 2);
  assert.match(stderr, /did you mean "unbound"/);
});

flow({ it: null }, 'a name too long for a zone does not spoil it', async () => {
  const long = ['a', 'b', 'c', 'd'].map((c) => c.repeat(60)).join('.');
  const list = file('long.txt', `||${long}^\n||short.test^\n`);
  const { code, stdout, stderr } = await runPared(['lists', 'export', '--list', list, '--format', 'rpz']);
  assert.equal(code, 0);
  assert.doesNotMatch(stdout, /aaaa/);
  assert.match(stdout, /^short\.test CNAME \.$/m);
  assert.match(stderr, /left out 1: names of over 187 characters/);
  assert.match((await runPared(['lists', 'export', '--list', list])).stdout, /aaaa/);
});

flow({ it: null }, 'a name that would be a trigger of another kind in a zone is none of it', async () => {
  const tricks = ['24.0.0.0.10.rpz-ip', '8.0.0.0.127.rpz-client-ip', 'ns.test.rpz-nsdname', 'rpz-drop'];
  const list = file('triggers.txt', `${[...tricks, 'rpz-ip.test', 'short.test'].map((n) => `||${n}^\n`).join('')}`);
  const { code, stdout, stderr } = await runPared(['lists', 'export', '--list', list, '--format', 'rpz']);
  assert.equal(code, 0);
  assert.doesNotMatch(stdout, /rpz-[a-z-]+ CNAME/);
  assert.match(stdout, /^rpz-ip\.test CNAME \.$/m);
  assert.match(stdout, /^short\.test CNAME \.$/m);
  assert.match(stderr, /^2 names$/m);
  assert.match(stderr, /left out 4: names that mean something else in a zone/);
});

flow({ it: null }, 'the portal is found whatever a list says', async () => {
  const named = file('portal.conf', configText({ Port: 18080, PortalNames: ['Gate.TEST', 'x'.repeat(300)] }, `lists {
 directory = "${top}"
 source portal { url = "file:${file('portal.txt', '||internal^\n||pared.internal^\n||gate.test^\n')}" }
}
`));
  const { stdout } = await runPared(['lists', 'export', '-c', named]);
  assert.equal(stdout, `${zone('internal')}local-zone: "pared.internal" transparent\n`);
});

flow({ it: null }, 'what was exported is read again as the same', async () => {
  for (const format of ['unbound', 'dnsmasq']) {
    const list = file(`again-${format}.txt`, (await run('--format', format)).stdout);
    const { code, stdout } = await runPared(['lists', 'export', '--list', list, '--format', format]);
    assert.equal(code, 0);
    assert.match(stdout, /ads\.test/, format);
    assert.match(stdout, /half\.test/, format);
  }
});

flow({ it: null }, 'a list of policies only when it is named; a file whole or not at all', async () => {
  const out = path.join(top, 'out.conf');
  assert.equal((await run('--output', out)).code, 0);
  const before = fs.readFileSync(out, 'utf8');
  assert.doesNotMatch(before, /kids/);
  assert.match((await run('--source', 'kids')).stdout, /kids\.test/);
  fs.writeFileSync(adblock, '<html><body>503</body></html>\n');
  const { code, stderr } = await run('--output', out);
  fs.writeFileSync(adblock, rules);
  assert.equal(code, 1);
  assert.match(stderr, /is as it was/);
  assert.equal(fs.readFileSync(out, 'utf8'), before);
  const nowhere = await run('--output', path.join(top, 'no', 'such', 'file'));
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.stderr, /cannot be written/);
});

flow({ it: null }, 'unbound takes it', async () => {
  const list = file('list.conf', (await run()).stdout);
  const unbound = file('unbound.conf', `server:\n  username: ""\n  chroot: ""\n  directory: "${top}"\n  include: "${list}"\n`);
  try {
    execFileSync('unbound-checkconf', [unbound], { stdio: 'pipe' });
  } catch (e) {
    assert.equal(e.code, 'ENOENT', String(e.stderr));
  }
});
