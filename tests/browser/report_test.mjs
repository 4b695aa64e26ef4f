// Reports in a browser, from file://: they load nothing, plot what they were made from, name the
// right weights and hand out the right rows. What is compared against comes from the program's other
// outputs: run records, campaign export, lacuna map.
//   node report_test.mjs LACUNA [FOLDER for screenshots]
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'node:test';
import {fileURLToPath} from 'node:url';
import {chromium} from 'playwright-core';

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = process.argv[2];
const screenshots = process.argv[3];
const folder = mkdtempSync(path.join(tmpdir(), 'lacuna-report-'));
const inFolder = name => path.join(folder, name);
const lacuna = (...args) => execFileSync(program, args, {cwd: root, encoding: 'utf8', maxBuffer: 1 << 28});
const hostile = '</script><script>document.title="broken"</script><img src=x onerror=alert(1)>';

/** Rows of a CSV file without quoted line breaks, as objects. */
function csv(text) {
  const fields = line => [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(,|$)/g)].slice(0, -1)
    .map(match => match[1].startsWith('"') ? match[1].slice(1, -1).replace(/""/g, '"') : match[1]);
  const [head, ...lines] = text.trimEnd().split('\n');
  const names = head.split(',');
  return lines.map(line => {
    const values = line.includes('"') ? fields(line + ',').slice(0, names.length) : line.split(',');
    return Object.fromEntries(names.map((name, i) => [name, values[i]]));
  });
}

function campaign(name, text) {
  writeFileSync(inFolder(name + '.yaml'), text);
  lacuna('campaign', 'run', inFolder(name + '.yaml'), '--out', inFolder(name + '.sqlite'));
  lacuna('campaign', 'export', inFolder(name + '.sqlite'), '--csv', inFolder(name + '.csv'));
  return csv(readFileSync(inFolder(name + '.csv'), 'utf8'));
}

function report(name, ...inputs) {
  lacuna('report', ...inputs, '-o', inFolder(name));
  return inFolder(name);
}

const browser = await chromium.launch({executablePath: '/usr/bin/chromium', args: ['--no-sandbox']});

/** Opens a report and holds that it says nothing on the console and asks for nothing. */
async function open(file, options = {}) {
  const page = await browser.newPage({viewport: {width: 1200, height: 1000}, ...options});
  const said = [];
  const asked = [];
  page.on('console', message => {
    // What Chromium says about the pixels that this test reads.
    if (!message.text().startsWith('Canvas2D: Multiple readback')) said.push(message.text());
  });
  page.on('pageerror', error => said.push(error.message));
  page.on('request', request => {
    if (!/^(data|blob):/.test(request.url())) asked.push(request.url());
  });
  // Seconds of the page's own thread, so that a busy machine fails no test.
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', {timeDomain: 'threadTicks'});
  page.busy = async () => (await session.send('Performance.getMetrics')).metrics
    .find(metric => metric.name === 'TaskDuration').value;
  await page.goto('file://' + file, {timeout: 60000});
  await page.waitForSelector('html[data-ready=yes]', {timeout: 60000});
  page.openedIn = await page.busy();
  page.finish = async () => {
    assert.deepEqual(said, []);
    assert.deepEqual(asked, ['file://' + file]);
    await page.close();
  };
  return page;
}

/** Series of a chart as {name: data}; names that come again are numbered. */
const series = (page, id) => page.evaluate(chart => {
  const result = {};
  for (const one of echarts.getInstanceByDom(document.getElementById(chart)).getOption().series) {
    let name = one.name || 'data';
    for (let again = 2; name in result; again++) name = (one.name || 'data') + ' ' + again;
    result[name] = one.data.map(item => item && item.value !== undefined ? item.value : item);
  }
  return result;
}, id);

async function downloaded(page, id) {
  const [file] = await Promise.all([page.waitForEvent('download'),
    page.locator(`button[data-download="${id}"]`).click()]);
  assert.equal(file.suggestedFilename(), id + '.csv');
  return csv(readFileSync(await file.path(), 'utf8'));
}

const near = (a, b, what) => assert.ok(Math.abs(a - b) < 1e-9, `${what}: ${a} is not ${b}`);

test('run records: bars, densities and downloads are the record', async () => {
  const made = ['run', '--hw', 'hw_configs/edge_16x16.yaml', '--set', 'zero_skipping=gate', '--model',
    'models/lenet5_as', '--images', '20', '--energy', 'hw_configs/energy/published_45nm.yaml', '--json',
    inFolder('a run.json')];
  lacuna(...made);
  lacuna('run', '--hw', 'hw_configs/tiny_8x8.yaml', '--model', 'models/lenet5_qdnn', '--images', '10',
    '--ber', '1e-2', '--no-dense', '--json', inFolder('faulty.json'));
  const page = await open(report('runs.html', inFolder('a run.json'), inFolder('faulty.json')));
  for (const [i, name] of ['a run.json', 'faulty.json'].entries()) {
    const record = JSON.parse(readFileSync(inFolder(name), 'utf8'));
    const cycles = await series(page, `section-${i}-cycles`);
    const density = await series(page, `section-${i}-density`);
    const computing = record.layers.filter(layer => layer.macs.total > 0);
    for (const [l, layer] of record.layers.entries()) {
      for (const key of ['stream', 'weight_load', 'memory_wait', 'post_wait', 'idle']) {
        near(cycles[key.replace('_', ' ')][l], layer.cycles[key] / record.images, layer.name + key);
      }
      if (record.dense_cycles === null) {
        assert.equal(cycles.dense, undefined);
      } else {
        near(cycles.dense[l], layer.dense_cycles / record.images, layer.name + ' dense');
      }
    }
    for (const [l, layer] of computing.entries()) {
      near(density['density of input'][l], layer.density, layer.name);
      for (const key of ['issued', 'gated', 'skipped']) {
        near(density[key][l], layer.macs[key] / layer.macs.total, layer.name + key);
      }
    }
    const rows = await downloaded(page, `section-${i}-cycles`);
    assert.equal(rows.length, record.layers.length + 1);
    assert.equal(Number(rows.at(-1).cycles), record.cycles.total);
    // Every figure, by its key.
    const figures = await page.locator(`#section-${i} details.figures tbody tr`).allTextContents();
    for (const key of ['cycles.total', 'macs_per_dram_byte', 'memory.activation_bitmap.reads', 'faults.armed']) {
      assert.ok(figures.some(text => text.startsWith(key)), key);
    }
    assert.deepEqual(rows.slice(0, -1).map(row => Number(row.weight_load_cycles)),
      record.layers.map(layer => layer.cycles.weight_load));
  }
  // The storage of the input maps, as the record has it.
  const record = JSON.parse(readFileSync(inFolder('a run.json'), 'utf8'));
  const storage = await series(page, 'section-0-storage');
  const stored = record.layers.filter(layer => layer.activation_storage.plain_bits > 0);
  for (const [l, layer] of stored.entries()) {
    near(storage['as they are'][l] * 20 * 8192, layer.activation_storage.plain_bits, layer.name);
    near(storage['non-zero values and bitmap'][l] * 20 * 8192, layer.activation_storage.compressed_bits,
      layer.name);
  }

  // The command under each chart, pasted into a shell, makes the record again, byte by byte.
  const bytes = readFileSync(inFolder('a run.json'));
  for (const chart of ['cycles', 'density', 'storage', 'energy']) {
    rmSync(inFolder('a run.json'));
    const command = await page.locator('#section-0-' + chart).locator('xpath=ancestor::figure')
      .locator('code').textContent();
    execFileSync('bash', ['-c', command], {cwd: root, stdio: 'ignore',
      env: {...process.env, PATH: path.dirname(program) + ':' + process.env.PATH}});
    assert.deepEqual(readFileSync(inFolder('a run.json')), bytes, command);
  }
  await page.finish();
});

test('energy: stacks, table and download are the components of the record', async () => {
  const table = 'hw_configs/energy/published_45nm.yaml';
  for (const [name, skipping] of [['skip', 'skip'], ['gate', 'gate']]) {
    lacuna('run', '--hw', 'hw_configs/edge_16x16.yaml', '--set', 'zero_skipping=' + skipping, '--model',
      'models/resnet8_as', '--images', '10', '--energy', table, '--json', inFolder(name + '.json'));
  }
  lacuna('run', '--hw', 'hw_configs/tiny_8x8.yaml', '--model', 'models/lenet5_qdnn', '--images', '2',
    '--json', inFolder('none.json'));
  const page = await open(report('energy.html', inFolder('skip.json'), inFolder('gate.json'), inFolder('none.json')));
  const names = {mac_pj: 'MACs', gated_mac_pj: 'gated MACs', registers_pj: 'PE registers',
    weight_sram_pj: 'weight SRAM', activation_sram_pj: 'activation SRAM', bitmap_pj: 'bitmap',
    accumulator_sram_pj: 'accumulator SRAM', dram_pj: 'DRAM', leakage_pj: 'leakage'};
  const close = (a, b, what) => assert.ok(Math.abs(a - b) <= 1e-12 * Math.abs(b), `${what}: ${a} is not ${b}`);
  const together = await series(page, 'runs-energy');
  for (const [i, file] of ['skip.json', 'gate.json'].entries()) {
    const record = JSON.parse(readFileSync(inFolder(file), 'utf8'));
    const layers = record.layers.filter(layer => layer.energy.total_pj > 0);
    assert.ok(layers.length > 5);
    const id = `section-${i}-energy`;
    const plotted = await series(page, id);
    for (const [key, name] of Object.entries(names)) {
      if (record.energy[key] === 0) {
        assert.equal(plotted[name], undefined, 'a component that costs nothing has no bar');
      } else {
        assert.equal(plotted[name].length, layers.length);
        for (const [l, layer] of layers.entries()) {
          close(plotted[name][l] * 10 * 1000, layer.energy[key], layer.name + key);
        }
      }
      if (together[name]) close(together[name][i] * 10 * 1000, record.energy[key], file + key);
    }
    assert.equal('gated MACs' in plotted, file === 'gate.json');
    const rows = await downloaded(page, id);
    assert.deepEqual(rows.map(row => row.layer), [...record.layers.map(layer => layer.name), 'total']);
    for (const key of [...Object.keys(names), 'total_pj']) {
      assert.deepEqual(rows.map(row => Number(row[key])),
        [...record.layers, record].map(row => row.energy[key]), key);
    }
    // The table below says the same in text, and what it says adds up.
    const lines = await page.locator(`#section-${i} table`).last().locator('tbody tr').allInnerTexts();
    const dram = lines.find(line => line.startsWith('DRAM')).split('\t');
    assert.equal(dram[2], (100 * record.energy.dram_pj / record.energy.total_pj).toFixed(1) + '%');
    assert.equal(dram[1], String(Number((record.energy.dram_pj / 1e4).toPrecision(4))));
    assert.equal(lines.at(-1).split('\t')[2], '100.0%');
  }
  assert.deepEqual((await downloaded(page, 'runs-energy')).map(row => Number(row.total_pj)),
    ['skip.json', 'gate.json'].map(file => JSON.parse(readFileSync(inFolder(file), 'utf8')).energy.total_pj));
  assert.equal(await page.locator('#section-2-energy').count(), 0);
  assert.ok((await page.locator('#section-2').innerText()).includes('lacuna run --energy TABLE.yaml'));

  // Hover names a layer's components.
  await page.locator('#section-0-energy').scrollIntoViewIfNeeded();
  const box = await page.locator('#section-0-energy').boundingBox();
  const record = JSON.parse(readFileSync(inFolder('skip.json'), 'utf8'));
  const first = record.layers[0];
  const [left] = await page.evaluate(() => [echarts.getInstanceByDom(
    document.getElementById('section-0-energy')).convertToPixel({xAxisIndex: 0}, 0)]);
  await page.mouse.move(box.x + left + 2, box.y + 200, {steps: 3});
  const tip = page.locator('#section-0-energy > div').filter({hasText: first.name + 'MACs:'});
  await tip.waitFor({timeout: 5000});
  const share = (100 * first.energy.dram_pj / first.energy.total_pj).toFixed(1) + '%';
  assert.ok((await tip.innerText()).includes(share), await tip.innerText());
  await page.finish();
});

test('random maps: points and bands are the means and intervals of the trials', async () => {
  const trials = campaign('curve', `name: curve
machines: [hw_configs/edge_16x16.yaml]
models: [models/lenet5_qdnn, models/lenet5_as]
images: 100
random_maps:
  kinds: [flip, stuck_at_1]
  rates: [1e-3, 1e-2, 3e-2]
  maps: 6
`);
  const page = await open(report('curve.html', inFolder('curve.sqlite')));
  const plotted = await series(page, 'section-0-maps-accuracy');
  const t5 = 2.5705818366147395;  // Student's t, 5 degrees of freedom, 95%
  let compared = 0;
  for (const network of ['lenet5_qdnn', 'lenet5_as']) {
    for (const kind of ['flip', 'stuck_at_1']) {
      const name = network + ', ' + kind.replaceAll('_', ' ');
      for (const [i, rate] of [0.001, 0.01, 0.03].entries()) {
        const own = trials.filter(row => row.network === network && row.kind === kind &&
          Number(row.rate) === rate).map(row => Number(row.correct) / 100);
        assert.equal(own.length, 6);
        const mean = own.reduce((a, b) => a + b) / 6;
        const sd = Math.sqrt(own.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 5);
        assert.equal(plotted[name][i][0], rate);
        near(plotted[name][i][1], mean, name);
        near(plotted[name + ' 2'][i][1], mean - t5 * sd / Math.sqrt(6), name + ' lower');
        near(plotted[name + ' 2'][i][2], mean + t5 * sd / Math.sqrt(6), name + ' upper');
        compared++;
      }
    }
  }
  assert.equal(compared, 12);
  const rows = await downloaded(page, 'section-0-maps-accuracy');
  assert.equal(rows.length, 12);
  assert.ok(rows.every(row => row.maps === '6'));
  await page.finish();
});

test('without labels: agreement and SQNR are those of the trials', async () => {
  const trials = campaign('drawn', `name: drawn
machines: [hw_configs/edge_16x16.yaml]
models: [models/lenet5_as]
images: 50
data: random:1:0.5
random_maps:
  kinds: [flip]
  rates: [1e-3, 1e-2]
  maps: 5
`);
  lacuna('run', '--hw', 'hw_configs/edge_16x16.yaml', '--model', 'models/lenet5_as', '--images', '5',
    '--data', 'random', '--ber', '1e-2', '--json', inFolder('drawn.json'));
  const page = await open(report('drawn.html', inFolder('drawn.sqlite'), inFolder('drawn.json')));
  assert.equal(await page.locator('#section-0-maps-accuracy').count(), 0);
  const agreement = await series(page, 'section-0-maps-agreement');
  const sqnr = await series(page, 'section-0-maps-sqnr');
  const rows = await downloaded(page, 'section-0-maps-sqnr');
  for (const [i, rate] of [0.001, 0.01].entries()) {
    const own = trials.filter(row => Number(row.rate) === rate);
    assert.equal(own.length, 5);
    const mean = of => own.reduce((sum, row) => sum + of(row), 0) / 5;
    near(agreement['lenet5_as, flip'][i][1], mean(row => 1 - Number(row.sdc) / 50), 'agreement');
    // Each trial's own figures say what the fault-free outputs are.
    const rms = Number(own[0].rmse) * 10 ** (Number(own[0].sqnr_db) / 20);
    const level = 10 * Math.log10(rms ** 2 / mean(row => Number(row.rmse) ** 2));
    near(sqnr['lenet5_as, flip'][i][1], level, 'SQNR');
    near(Number(rows[i].rmse), mean(row => Number(row.rmse)), 'RMSE');
    assert.equal(rows[i].top1, '');
  }
  const said = await page.locator('body').innerText();
  assert.ok(!said.includes('NaN') && !said.includes('undefined'), said);
  const record = JSON.parse(readFileSync(inFolder('drawn.json'), 'utf8'));
  assert.ok((await page.locator('#section-1').innerText()).includes(record.sqnr_db.toFixed(2) + ' dB'));
  await page.finish();
});

test('layer x bit: shares are those of the strata', async () => {
  const trials = campaign('strata', `name: strata
machines: [hw_configs/edge_16x16.yaml]
models: [models/lenet5_qdnn]
images: 100
single_faults:
  kinds: [flip]
  sites: weights
  strata: [layer, bit]
  critical_share: 0.005
  samples: 30
`);
  const page = await open(report('strata.html', inFolder('strata.sqlite')));
  const rows = await downloaded(page, 'section-0-sites-0-matrix');
  assert.equal(rows.length, 20);
  const plotted = (await series(page, 'section-0-sites-0-matrix')).data;
  for (const [i, row] of rows.entries()) {
    const own = trials.filter(trial => trial.stratum === row.row + ' ' + row.column);
    const critical = own.filter(trial => Number(trial.sdc) > 0.5).length;
    assert.equal(Number(row.faults), own.length);
    assert.equal(Number(row.critical), critical);
    near(plotted[i][2], critical / own.length, row.row + row.column);
    assert.ok(Number(row.lower) <= plotted[i][2] && plotted[i][2] <= Number(row.upper));
  }
  await page.finish();
});

test('strikes: where they ended is what the trials say', async () => {
  const memories = ['pe_weights', 'pe_accumulators'];
  const trials = campaign('strikes', `name: strikes
machines: [hw_configs/edge_16x16.yaml]
models: [models/lenet5_qdnn]
data: random:1:0.5
images: 4
batch: 1
single_faults:
  memories: [${memories.join(', ')}]
  when: uniform_cycle
  samples: 60
  fit_per_mbit: 100
`);
  const page = await open(report('strikes.html', inFolder('strikes.sqlite')));
  const rows = (await downloaded(page, 'section-0-endings')).filter(row => row.ended_in === '');
  assert.deepEqual(rows.map(row => row.memory), memories);
  const stages = Object.keys(rows[0]).slice(8).filter(key => !/_(lower|upper)$/.test(key));
  assert.equal(stages.length, 9);
  const bars = await page.evaluate(() => echarts.getInstanceByDom(
    document.getElementById('section-0-endings')).getOption().series.map(own => own.data));
  for (const [i, memory] of memories.entries()) {
    const own = trials.filter(trial => trial.memory === memory);
    assert.equal(own.length, 60);
    let all = 0;
    for (const [stage, key] of stages.entries()) {
      const share = own.filter(trial => trial.ended === key).length / 60;
      near(bars[stage][i], share, memory + key);
      near(Number(rows[i][key]), share, memory + key);
      all += bars[stage][i];
    }
    near(all, 1, memory);
  }
  const text = await page.locator('#section-0').innerText();
  for (const part of ['Soft errors', 'FIT', 'Strikes by what the cell held', 'cost most cycles']) {
    assert.ok(text.includes(part), part);
  }
  await page.finish();
});

/** The cell map's tile in the middle of the screen at a column and tile row: pixel and its colour. */
const tileAt = (page, id, x, y) => page.evaluate(([chart, column, row]) => {
  const place = document.getElementById(chart);
  const instance = echarts.getInstanceByDom(place);
  const [left, top] = instance.convertToPixel({xAxisIndex: 0, yAxisIndex: 0}, [column, row]);
  for (const canvas of place.querySelectorAll('canvas')) {
    const scale = canvas.width / place.clientWidth;
    const [r, g, b, a] = canvas.getContext('2d').getImageData(left * scale, top * scale, 1, 1).data;
    if (a < 255) continue;  // a layer with nothing there
    return {left, top, colour: '#' + [r, g, b].map(c => c.toString(16).padStart(2, '0')).join('')};
  }
  return {left, top, colour: ''};
}, [id, x, y]);

/** What the map must show for a share, in the light scheme. */
function colourOf(share) {
  const steps = [[0, '#f3f6f4'], [0.001, '#c8e3dd'], [0.005, '#7fc4b6'], [0.01, '#f4c95d'],
    [0.02, '#ee964b'], [0.05, '#d1495b'], [1, '#7d1d3f']];
  return steps.find(([most]) => share <= most)[1];
}

async function holdCellMap(name, machine, trials, images, cellsToHover) {
  const page = await open(report(name + '.html', inFolder(name + '.sqlite')));
  const id = 'section-0-sites-0-cells';
  const size = statSync(inFolder(name + '.html')).size;
  console.log(`${name}: ${trials.length} cells, ${(size / 1e6).toFixed(1)} MB, opened in ${page.openedIn.toFixed(1)} s`);
  assert.ok(page.openedIn > 0 && page.openedIn < 10, 'opens in bounded time');
  const bits = 1 + trials.reduce((most, row) => Math.max(most, Number(row.bit)), 0);
  const plotted = (await series(page, id)).data;
  const group = await page.evaluate(chart => Number(echarts.getInstanceByDom(
    document.getElementById(chart)).getOption().yAxis[0].data[1]), id);

  // Every tile is the worst of its cells.
  const worst = new Map();
  const share = row => row.weight === '' ? -1e12 : Number(row.sdc) / images;
  for (const row of trials) {
    const key = Number(row.bank) * bits + Number(row.bit) + ' ' + Math.floor(Number(row.row) / group);
    worst.set(key, Math.max(worst.get(key) ?? -1e12, share(row)));
  }
  assert.equal(plotted.length, worst.size);
  for (const [x, y, value] of plotted) {
    if (value !== worst.get(x + ' ' + y)) assert.fail(`tile ${x}, ${y}: ${value}`);
  }

  // A download has every cell.
  const rows = await downloaded(page, id);
  assert.equal(rows.length, trials.length);
  const byTrial = new Map(trials.map(row => [row.trial, row]));
  for (const row of rows) {
    const own = byTrial.get(row.trial);
    if (own.bank !== row.bank || own.row !== row.row || own.bit !== row.bit || own.sdc !== row.sdc ||
        own.correct !== row.correct || own.weight !== row.weights.split(' ')[0] ||
        Number(own.cycles) - Number(own.golden_cycles) !== Number(row.cycles_change)) {
      assert.fail('trial ' + row.trial + ' differs');
    }
  }

  // Zoomed in, a tile is a cell: colours and weights of single cells.
  await page.locator('#' + id).scrollIntoViewIfNeeded();
  const worstFirst = [...trials].sort((a, b) => share(b) - share(a) || a.trial - b.trial);
  const few = trials.filter(row => row.weight !== '' && Number(row.sdc) === 0).slice(0, 1);
  const none = trials.filter(row => row.weight === '').slice(0, 1);
  for (const row of [...worstFirst.slice(0, cellsToHover), ...few, ...none]) {
    await page.selectOption('select[aria-label=bank]', row.bank);
    const box = await page.locator('#' + id).boundingBox();
    await page.mouse.dblclick(box.x + box.width / 2, box.y + 200);
    for (const around of [400, 100, 16]) {  // drag over ever fewer rows
      const {min, max, group: rows} = await page.evaluate(chart => {
        const {min, max, data} = echarts.getInstanceByDom(document.getElementById(chart)).getOption().yAxis[0];
        return {min, max, group: data[1]};
      }, id);
      const tile = distance => Math.min(max, Math.max(min, Math.floor((Number(row.row) + distance) / rows)));
      const place = await page.locator('#' + id).boundingBox();
      const from = await tileAt(page, id, Number(row.bank) * bits, tile(-around));
      const to = await tileAt(page, id, Number(row.bank) * bits, tile(around));
      await page.mouse.move(place.x + 200, place.y + from.top);
      await page.mouse.down();
      await page.mouse.move(place.x + 210, place.y + to.top, {steps: 3});
      await page.mouse.up();
    }
    const last = await page.evaluate(chart => echarts.getInstanceByDom(
      document.getElementById(chart)).getOption().yAxis[0].data[1], id);
    assert.equal(Number(last), 1, 'a tile is a cell');
    const place = await page.locator('#' + id).boundingBox();
    await page.mouse.move(place.x + 5, place.y + 2);
    await page.waitForTimeout(50);
    const tile = await tileAt(page, id, Number(row.bank) * bits + Number(row.bit), Number(row.row));
    assert.equal(tile.colour, row.weight === '' ? '#dfe3e7' : colourOf(share(row)),
      `colour of ${row.bank}/${row.row}/${row.bit}`);
    await page.mouse.move(place.x + tile.left, place.y + tile.top, {steps: 2});
    const tip = page.locator('#' + id + ' > div').filter({hasText: 'trial: ' + row.trial});
    await tip.waitFor({timeout: 5000});
    const text = await tip.innerText();
    assert.ok(text.includes(`bank ${row.bank}, row ${row.row}, bit ${row.bit}`), text);
    const known = lacuna('map', '--hw', machine, '--model', 'models/lenet5_qdnn', '--cell',
      `weight:${row.bank},${row.row},${row.bit}`);
    const names = [...new Set([...known.matchAll(/[a-z]+[0-9]+:[0-9,]+/g)].map(match => match[0]))];
    assert.equal(names.length === 0, row.weight === '', known);
    for (const weight of names.slice(0, 12)) assert.ok(text.includes(weight), `${weight} in ${text}`);
    if (!names.length) assert.ok(text.includes('weight: none'), text);
  }
  await page.finish();
}

const exhaustive = (machine, images) => `name: every cell
machines: [${machine}]
models: [models/lenet5_qdnn]
images: ${images}
single_faults:
  kinds: [flip]
  critical_share: 0.005
  exhaustive: true
`;

test('cells of a small memory, with several weights each', async () => {
  const machine = 'hw_configs/tiny_8x8.yaml';
  await holdCellMap('tiny', machine, campaign('tiny', exhaustive(machine, 40)), 40, 3);
});

test('524,288 cells', async () => {
  const machine = 'hw_configs/edge_16x16.yaml';
  const trials = campaign('every', exhaustive(machine, 20));
  assert.equal(trials.length, 524288);
  await holdCellMap('every', machine, trials, 20, 3);
});

test('a timeline: every step on its resource', async () => {
  const events = [{ph: 'M', pid: 1, tid: 1, name: 'thread_name', args: {name: 'dma'}},
    {ph: 'M', pid: 1, tid: 2, name: 'thread_name', args: {name: 'array'}}];
  for (let i = 0; i < 500; i++) {
    events.push({ph: 'X', pid: 1, tid: 1 + i % 2, ts: 10 * i, dur: 8, name: (i % 3 ? 'pass ' : 'load ') + i,
      args: {layer: 'conv' + i % 4}});
  }
  writeFileSync(inFolder('trace.json'), JSON.stringify({traceEvents: events}));
  const page = await open(report('trace.html', inFolder('trace.json')));
  const plotted = Object.values(await series(page, 'section-0-timeline')).flat();
  assert.equal(plotted.length, 500);
  for (const [lane, begin, end, , number] of plotted) {
    assert.deepEqual([lane, begin, end], [number % 2, 10 * number, 10 * number + 8]);
  }
  const rows = await downloaded(page, 'section-0-timeline');
  assert.deepEqual(rows[7], {resource: 'array', step: 'pass 7', begin: '70', end: '78', detail: 'layer conv3'});
  await page.finish();
});

test('a timeline of a run: buffers are the levels of the trace, and zoom with the steps', async () => {
  const command = ['run', '--hw', 'hw_configs/tiny_8x8.yaml', '--model', 'models/lenet5_as', '--images', '3',
    '--timeline', inFolder('lenet.json')];
  lacuna(...command);
  const trace = JSON.parse(readFileSync(inFolder('lenet.json'), 'utf8'));
  const events = trace.traceEvents.filter(event => event.ph === 'C');
  const names = {'weight SRAM words': 'weight_sram_words', 'activation SRAM slots': 'activation_sram_slots',
    'accumulator entries': 'accumulator_entries'};
  const page = await open(report('lenet.html', inFolder('lenet.json')));
  const id = 'section-0-buffers';
  const plotted = await series(page, id);
  assert.deepEqual(Object.keys(plotted), Object.keys(names));
  const levels = name => events.filter(event => event.name === name);
  for (const name of Object.keys(names)) {
    assert.ok(levels(name).length > 10, 'levels that change: ' + name);
    // Drawn is also the end of the last level.
    assert.deepEqual(plotted[name].slice(0, levels(name).length),
      levels(name).map(event => [event.ts, event.args.used]), name);
  }
  const rows = await downloaded(page, id);
  assert.deepEqual(rows, Object.keys(names).flatMap(name => levels(name).map(event => ({
    buffer: name, cycle: String(event.ts), used: String(event.args.used),
    capacity: String(trace.otherData.capacity[names[name]])}))));
  const most = Math.max(...levels('weight SRAM words').map(event => event.args.used));
  const share = (100 * most / trace.otherData.capacity.weight_sram_words).toFixed(1) + '%';
  assert.ok((await page.locator('.cards').innerText()).replace(/\s+/g, ' ')
    .includes(share + ' of weight SRAM words in use at most'));

  // Hover says the level of every buffer at the nearest change.
  await page.locator('#' + id).scrollIntoViewIfNeeded();
  const cycle = Math.floor(trace.otherData.cycles / 3);
  const [left, top] = await page.evaluate(([chart, x]) => echarts.getInstanceByDom(
    document.getElementById(chart)).convertToPixel({gridIndex: 1}, [x, 1]), [id, cycle]);
  const box = await page.locator('#' + id).boundingBox();
  await page.mouse.move(box.x + left, box.y + top - 10);
  await page.mouse.move(box.x + left, box.y + top - 20, {steps: 3});
  const tip = page.locator('#' + id + ' > div').filter({hasText: 'cycle '});
  await tip.waitFor({timeout: 5000});
  const text = await tip.innerText();
  const at = Number(text.match(/cycle ([0-9,]+)/)[1].replaceAll(',', ''));
  const nearest = Math.min(...levels('activation SRAM slots').map(event => Math.abs(event.ts - cycle)));
  assert.ok(Math.abs(at - cycle) <= nearest + trace.otherData.cycles / 200, text);
  for (const name of Object.keys(names)) {
    const level = levels(name).filter(event => event.ts <= at).at(-1).args.used;
    assert.ok(text.includes(name + ': ' + level.toLocaleString('en-US') + ' of '), `${level} in ${text}`);
  }

  // The same cycles in both charts, whichever is zoomed.
  const zoomed = chart => page.evaluate(one => {
    const {start, end} = echarts.getInstanceByDom(document.getElementById(one)).getOption().dataZoom[0];
    return [start, end];
  }, chart);
  for (const [from, to, range] of [['section-0-timeline', id, [10, 30]], [id, 'section-0-timeline', [40, 80]]]) {
    await page.evaluate(([one, [start, end]]) => echarts.getInstanceByDom(document.getElementById(one))
      .dispatchAction({type: 'dataZoom', dataZoomIndex: 0, start, end}), [from, range]);
    assert.deepEqual(await zoomed(to), range);
  }
  assert.equal(await page.locator('#' + id).locator('xpath=ancestor::figure').locator('code').textContent(),
    'lacuna ' + command.join(' '));
  await page.finish();
});

/** Runs a sweep and returns its rows, with the Pareto set over `pareto` or the plan's columns. */
function sweepRows(name, pareto) {
  lacuna('sweep', inFolder(name + '.sqlite'), '--csv', inFolder(name + '.csv'),
    ...(pareto ? ['--pareto', pareto] : []));
  return csv(readFileSync(inFolder(name + '.csv'), 'utf8'));
}

function sweep(name, text) {
  writeFileSync(inFolder(name + '.yaml'), text);
  lacuna('sweep', inFolder(name + '.yaml'), '--out', inFolder(name + '.sqlite'));
  return sweepRows(name);
}

const choose = (page, id, label, value) => page.locator('#' + id)
  .locator('xpath=ancestor::figure').locator(`select[aria-label="${label}"]`).selectOption(value);

/** Fill of the drawn element at a chart's point, and what hovering it says. */
async function hoverPoint(page, id, x, y) {
  await page.locator('#' + id).scrollIntoViewIfNeeded();
  const box = await page.locator('#' + id).boundingBox();
  const [left, top] = await page.evaluate(([chart, at]) => echarts.getInstanceByDom(
    document.getElementById(chart)).convertToPixel({xAxisIndex: 0, yAxisIndex: 0}, at), [id, [x, y]]);
  const fill = await page.evaluate(([at, from]) => {
    const found = document.elementsFromPoint(at, from)
      .find(one => one.tagName === 'path' && one.getAttribute('fill') !== 'none');
    return found ? found.getAttribute('fill') : '';
  }, [box.x + left, box.y + top]);
  await page.mouse.move(box.x + left - 3, box.y + top - 30);
  await page.mouse.move(box.x + left, box.y + top, {steps: 2});
  const tip = page.locator('#' + id + ' > div').filter({hasText: 'point'});
  await tip.waitFor({timeout: 5000});
  return {fill, text: await tip.innerText()};
}

test('a sweep: lines, Pareto set and downloads are the store', async () => {
  const rows = sweep('sweep', `name: sweep
machine: hw_configs/edge_16x16.yaml
models: [models/lenet5_qdnn, models/lenet5_as]
images: 40
grid:
  weight_sram.capacity_bytes: [16, 1024, 4096, 65536]
  dram.bytes_per_cycle: [1, 8]
faults:
  rates: [0.003]
  cells: [64]
  maps: 4
pareto: [cycles, energy, sram_bits]
energy: hw_configs/energy/published_45nm.yaml
`);
  assert.equal(rows.length, 16);
  const page = await open(report('sweep.html', inFolder('sweep.sqlite')));
  const find = (network, size, bandwidth) => rows.find(row => row.input === 'models/' + network &&
    row['weight_sram.capacity_bytes'] === String(size) && row['dram.bytes_per_cycle'] === String(bandwidth));
  const near12 = (a, b, what) => assert.ok(Math.abs(a - b) <= 1e-11 * Math.abs(b), `${what}: ${a} is not ${b}`);
  const sizes = [1024, 4096, 65536];

  // A line for each network and bandwidth.
  const cycles = await series(page, 'section-0-grid');
  for (const network of ['lenet5_qdnn', 'lenet5_as']) {
    for (const bandwidth of [1, 8]) {
      const name = network + ', bytes_per_cycle ' + bandwidth;
      assert.deepEqual(cycles[name].map(([x]) => x), sizes);
      sizes.forEach((size, i) => near12(cycles[name][i][1], Number(find(network, size, bandwidth).cycles), name));
      assert.deepEqual(cycles[name + ' 2'].map(([x]) => x), [16], 'a cross where nothing can be mapped');
    }
  }
  // Another figure, of one network.
  await choose(page, 'section-0-grid', 'a line for each', 'dram.bytes_per_cycle');
  await choose(page, 'section-0-grid', 'network', 'lenet5_as');
  await choose(page, 'section-0-grid', 'figure', 'dram_bytes');
  const bytes = await series(page, 'section-0-grid');
  for (const bandwidth of [1, 8]) {
    sizes.forEach((size, i) => near12(bytes['bytes_per_cycle ' + bandwidth][i][1],
      Number(find('lenet5_as', size, bandwidth).dram_bytes), 'bytes'));
  }
  const drawn = await downloaded(page, 'section-0-grid');
  assert.equal(drawn.length, 8);
  for (const row of drawn) {
    const own = rows.find(other => other.point === row.point);
    assert.deepEqual([row['weight_sram.capacity_bytes'], row.dram_bytes, row.status, row.reason],
      [own['weight_sram.capacity_bytes'], own.dram_bytes, own.status, own.reason]);
  }

  // Accuracy with faults, with its band.
  const faults = await series(page, 'section-0-accuracy');
  for (const [i, size] of sizes.entries()) {
    const own = find('lenet5_as', size, 8);
    const name = 'lenet5_as, bytes_per_cycle 8';
    assert.ok(Math.abs(faults[name][i][1] - Number(own.top1_cells_64_mean)) < 1e-6);
    assert.ok(Math.abs(faults[name + ' 2'][i][1] - Number(own.top1_cells_64_lower)) < 1e-6);
    assert.ok(Math.abs(faults[name + ' 2'][i][2] - Number(own.top1_cells_64_upper)) < 1e-6);
  }
  const touched = await series(page, 'section-0-touched');
  near12(touched['lenet5_qdnn, bytes_per_cycle 1'][0][1],
    Number(find('lenet5_qdnn', 1024, 1).weights_a_cell), 'weights a cell');

  // The Pareto set over the plan's columns, then over two others: that of the program.
  const members = async () => {
    const list = await downloaded(page, 'section-0-pareto');
    assert.equal(list.length, 16);
    for (const row of list) {
      const own = rows.find(other => other.point === row.point);
      for (const column of ['cycles', 'energy_pj', 'sram_bits', 'top1', 'status', 'reason']) {
        if (own[column] === '' || column === 'status' || column === 'reason') {
          assert.equal(row[column], own[column]);
        } else {
          near12(Number(row[column]), Number(own[column]), column);
        }
      }
    }
    return list.filter(row => row.pareto === '1').map(row => row.point);
  };
  const best = list => list.filter(row => row.pareto === '1').map(row => row.point);
  assert.deepEqual(await members(), best(rows));
  await choose(page, 'section-0-pareto', 'Pareto set over', 'axes');
  await choose(page, 'section-0-pareto', 'across', 'top1_under_faults');
  assert.deepEqual(await members(), best(sweepRows('sweep', 'cycles,top1_under_faults')));
  await choose(page, 'section-0-pareto', 'across', 'sram_bits');
  assert.deepEqual(await members(), best(sweepRows('sweep', 'cycles,sram_bits')));
  const plotted = await series(page, 'section-0-pareto');
  assert.equal(plotted['lenet5_as 2'].length, best(sweepRows('sweep', 'cycles,sram_bits'))
    .filter(point => rows.find(row => row.point === point).input === 'models/lenet5_as').length);

  // Colours and hover at known points: in a line, in the Pareto set, and one without figures.
  const known = find('lenet5_as', 1024, 1);
  const line = await hoverPoint(page, 'section-0-grid', 1024, Number(known.dram_bytes));
  for (const text of ['network: lenet5_as', 'weight_sram.capacity_bytes: 1 KiB', 'dram.bytes_per_cycle:']) {
    assert.ok(line.text.includes(text), line.text);
  }
  const fast = find('lenet5_as', 65536, 8);
  const point = await hoverPoint(page, 'section-0-pareto', Number(fast.sram_bits), Number(fast.cycles));
  assert.equal(point.fill, '#d55e00');
  for (const text of [`point ${fast.point}, in the Pareto set`, 'network: lenet5_as',
    'weight_sram.capacity_bytes: 64 KiB', 'dram.bytes_per_cycle: 8']) {
    assert.ok(point.text.includes(text), point.text);
  }
  await page.mouse.move(5, 5);
  await page.locator('#section-0-grid').scrollIntoViewIfNeeded();
  const [left, top] = await page.evaluate(chart => {
    const place = document.getElementById(chart);
    const instance = echarts.getInstanceByDom(place);
    const {bottom} = instance.getOption().grid[0];
    return [instance.convertToPixel({xAxisIndex: 0}, 16), place.clientHeight - bottom - 8];
  }, 'section-0-grid');
  const grid = await page.locator('#section-0-grid').boundingBox();
  const cross = await page.evaluate(at => document.elementsFromPoint(...at)
    .map(one => one.getAttribute('stroke')), [grid.x + left, grid.y + top]);
  assert.ok(cross.includes('#0072b2'), `a cross in the first line's colour: ${cross}`);
  await page.mouse.move(grid.x + left + 20, grid.y + top - 20);
  await page.mouse.move(grid.x + left, grid.y + top, {steps: 2});
  const tip = page.locator('#section-0-grid > div').filter({hasText: 'cannot be mapped'});
  await tip.waitFor({timeout: 5000});
  assert.ok((await tip.innerText()).includes('16 bytes are not a whole number of rows'));

  const table = await page.locator('h3', {hasText: 'Points that cannot be mapped'})
    .locator('xpath=following-sibling::div').first().innerText();
  assert.ok(table.includes('16 bytes are not a whole number of rows'), table);
  await page.finish();
});

test('a sweep of 100,000 points opens and answers', async () => {
  writeFileSync(inFolder('one.csv'), 'layer,M,N,K\nfc,1,4,4\n');
  sweep('many', `name: many
machine: hw_configs/edge_16x16.yaml
workloads: [${inFolder('one.csv')}]
grid:
  dram.latency_cycles: {from: 1, to: 125, step: 1}
  array.weights_per_pe: {from: 1, to: 16, step: 1}
pareto: [cycles, sram_bits]
`);
  // 2,000 points, then as many again with other figures, until the larger grid is full.
  execFileSync('sqlite3', [inFolder('many.sqlite'), `
    UPDATE header SET value = replace(value, 'to: 125', 'to: 6250') WHERE key = 'plan';
    UPDATE header SET value = '100000' WHERE key = 'points';
    CREATE TEMP TABLE more AS SELECT * FROM points;` + `
    UPDATE more SET point = point + 2000, cycles = cycles * 1.1 + point % 7, sram_bits = sram_bits * 0.99;
    INSERT INTO points SELECT * FROM more;`.repeat(49)]);
  const page = await open(report('many.html', inFolder('many.sqlite')));
  console.log(`100,000 points: ${(statSync(inFolder('many.html')).size / 1e6).toFixed(1)} MB, opened in ${page.openedIn.toFixed(1)} s`);
  assert.ok(page.openedIn > 0 && page.openedIn < 10, 'opens in bounded time');
  const before = await page.busy();
  await choose(page, 'section-0-pareto', 'across', 'weights_a_cell');
  await choose(page, 'section-0-pareto', 'across', 'sram_bits');
  await choose(page, 'section-0-grid', 'figure', 'sram_bits');
  const answers = await page.busy() - before;
  console.log(`100,000 points: three choices answered in ${answers.toFixed(1)} s`);
  assert.ok(answers < 10, 'a choice is answered in bounded time');
  const rows = sweepRows('many');
  const list = await downloaded(page, 'section-0-pareto');
  assert.equal(list.length, 100000);
  assert.deepEqual(list.map(row => row.pareto).join(''), rows.map(row => row.pareto).join(''));
  await page.finish();
});

test('names from files are text, never markup', async () => {
  const record = JSON.parse(readFileSync(inFolder('a run.json'), 'utf8'));
  record.command = record.energy.table = record.hardware = record.network = record.layers[0].name = record.engine = hostile;
  record.faults = {origin: hostile, armed: 3, fired: 2, masked: 1};
  writeFileSync(inFolder('hostile.json'), JSON.stringify(record));
  writeFileSync(inFolder('hostile-trace.json'), JSON.stringify([
    {ph: 'M', pid: 1, tid: 1, name: 'thread_name', args: {name: hostile}},
    {ph: 'C', pid: 1, ts: 0, name: hostile, args: {[hostile]: 7}},
    {ph: 'X', pid: 1, tid: 1, ts: 0, dur: 100, name: hostile, args: {[hostile]: hostile}}]));
  const page = await open(report('hostile.html', inFolder('hostile.json'), inFolder('hostile-trace.json')));
  assert.equal(await page.title(), 'Lacuna report');
  assert.equal(await page.locator('img:not(.picture)').count(), 0);
  assert.equal(await page.locator('h2').first().textContent(), hostile + ' on ' + hostile);
  for (const id of ['section-0-cycles', 'section-0-density', 'section-0-energy', 'section-1-timeline',
    'section-1-buffers']) {
    await page.locator('#' + id).scrollIntoViewIfNeeded();
    const box = await page.locator('#' + id).boundingBox();
    for (const x of [0.12, 0.5]) {
      await page.mouse.move(box.x + box.width * x, box.y + box.height * 0.5, {steps: 3});
      await page.waitForTimeout(150);
    }
  }
  assert.equal(await page.locator('img:not(.picture)').count(), 0);
  assert.equal(await page.title(), 'Lacuna report');
  await page.finish();
});

test('light, dark and print', async () => {
  const all = report('all.html', inFolder('a run.json'), inFolder('faulty.json'), inFolder('curve.sqlite'),
    inFolder('strata.sqlite'), inFolder('every.sqlite'), inFolder('lenet.json'), inFolder('sweep.sqlite'));
  const page = await open(all);
  const state = () => page.evaluate(() => ({
    page: getComputedStyle(document.body).backgroundColor,
    bar: echarts.getInstanceByDom(document.getElementById('section-0-cycles')).getOption().series[0]
      .itemStyle.color,
    button: getComputedStyle(document.querySelector('button')).display,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  }));
  const shot = async name => {
    if (screenshots) await page.screenshot({path: path.join(screenshots, name + '.png'), fullPage: true});
  };
  const light = await state();
  assert.deepEqual([light.page, light.bar, light.overflow], ['rgb(255, 255, 255)', '#0072b2', 0]);
  await shot('light');
  const follows = () => page.waitForFunction(() =>
    getComputedStyle(document.documentElement).getPropertyValue('--stream').trim() ===
    echarts.getInstanceByDom(document.getElementById('section-0-cycles')).getOption().series[0].itemStyle.color);
  await page.emulateMedia({colorScheme: 'dark'});
  await follows();
  const dark = await state();
  assert.deepEqual([dark.page, dark.bar], ['rgb(20, 24, 28)', '#4ea5d9']);
  await shot('dark');
  await page.emulateMedia({colorScheme: 'dark', media: 'print'});
  await follows();
  const print = await state();
  assert.deepEqual([print.page, print.bar, print.button], ['rgb(255, 255, 255)', '#0072b2', 'none']);
  assert.ok(await page.locator('img.picture').first().evaluate(image => image.src.startsWith('data:')));
  await shot('print');
  const pdf = await page.pdf({preferCSSPageSize: true, printBackground: true});
  assert.ok(pdf.length > 50000);
  if (screenshots) writeFileSync(path.join(screenshots, 'print.pdf'), pdf);
  await page.finish();
});

test.after(async () => {
  await browser.close();
  rmSync(folder, {recursive: true, force: true});
});
