// Run records: cycles by class and layer against dense; density and skipped work; energy by component.

const cycleClasses = [
  ['stream', 'stream'], ['weight_load', 'weight load'], ['memory_wait', 'memory wait'],
  ['post_wait', 'post wait'], ['idle', 'idle'],
];

// Key in the record, name, colour.
const energyComponents = [
  ['mac', 'MACs', '#0072b2'], ['gated_mac', 'gated MACs', '#56b4e9'],
  ['registers', 'PE registers', '#8c6bb1'], ['weight_sram', 'weight SRAM', '#e69f00'],
  ['activation_sram', 'activation SRAM', '#009e73'], ['bitmap', 'bitmap', '#b2a100'],
  ['accumulator_sram', 'accumulator SRAM', '#cc79a7'], ['dram', 'DRAM', '#d55e00'],
  ['leakage', 'leakage', '#7f7f7f'],
];

const runCommand = run => run.command || 'The record does not say which command made it.';

/** Nanojoules an image, with three or four digits. */
function nanojoules(run, picojoules) {
  const value = picojoules / 1e3 / run.images;
  return value >= 1000 ? whole(value) : String(Number(value.toPrecision(4)));
}

function runCycles(parent, run, id) {
  const layers = run.layers;
  const share = cycles => cycles / run.images;
  const hasDense = layers.some(layer => layer.dense_cycles !== null);
  addChart(parent, {
    id: id + '-cycles', command: runCommand(run), height: 400,
    title: 'Cycles an image by class and layer',
    note: 'Left bar: this run. Right bar: the same machine without zero skipping.' +
      (hasDense ? '' : ' This record has none (--no-dense).'),
    option: colours => ({
      grid: {left: 70, right: 20, top: 58, bottom: 36},
      legend: legend(colours),
      tooltip: {
        ...baseOption(colours).tooltip, trigger: 'axis', axisPointer: {type: 'shadow'},
        formatter: items => {
          const layer = layers[items[0].dataIndex];
          return tipText(layer.name, [
            ...cycleClasses.map(([key, name]) => [name, whole(share(layer.cycles[key]))]),
            ['total', whole(share(layer.cycles.total))],
            ...(layer.dense_cycles === null ? [] : [
              ['dense', whole(share(layer.dense_cycles))],
              ['speed-up', times(layer.speedup)], ['of streams', times(layer.stream_speedup)]]),
          ]);
        },
      },
      xAxis: axis(colours, {type: 'category', data: layers.map(layer => layer.name)}),
      yAxis: axis(colours, {type: 'value', name: 'cycles an image'}),
      series: [
        ...cycleClasses.map(([key, name]) => ({
          name, type: 'bar', stack: 'run', barMaxWidth: 46, itemStyle: {color: colours[key]},
          data: layers.map(layer => share(layer.cycles[key])),
        })),
        ...(hasDense ? [{
          name: 'dense', type: 'bar', stack: 'dense', barMaxWidth: 46,
          itemStyle: {color: colours.dense},
          data: layers.map(layer => layer.dense_cycles === null ? null : share(layer.dense_cycles)),
        }] : []),
      ],
    }),
    rows: () => [
      ['layer', 'M', 'N', 'K', 'images', ...cycleClasses.map(c => c[0]), 'total', 'dense_cycles',
        'speedup', 'stream_speedup'],
      ...[...layers, {...run, name: 'total'}].map(row => [row.name, row.M, row.N, row.K, run.images,
        ...cycleClasses.map(c => row.cycles[c[0]]), row.cycles.total, row.dense_cycles,
        row.speedup, row.stream_speedup]),
    ],
  });
}

function runDensity(parent, run, id) {
  const layers = run.layers.filter(layer => layer.macs.total > 0);
  const part = (layer, key) => layer.macs[key] / layer.macs.total;
  const kinds = [['issued', 'stream'], ['gated', 'weight_load'], ['skipped', 'dense']];
  addChart(parent, {
    id: id + '-density', command: runCommand(run), height: 340,
    title: 'Density of the input and skipped work by layer',
    note: 'Bars: multiply-accumulates. Points: share of the input that is not zero. Padding is ' +
      'skipped, too, and never counted as input.',
    option: colours => ({
      grid: {left: 70, right: 20, top: 58, bottom: 36},
      legend: legend(colours),
      tooltip: {
        ...baseOption(colours).tooltip, trigger: 'axis', axisPointer: {type: 'shadow'},
        formatter: items => {
          const layer = layers[items[0].dataIndex];
          return tipText(layer.name, [
            ...kinds.map(([key]) => [key, whole(layer.macs[key] / run.images) + ' MACs an image, ' +
              percent(part(layer, key), 1)]),
            ['density', layer.density === null ? '-' : percent(layer.density, 1)]]);
        },
      },
      xAxis: axis(colours, {type: 'category', data: layers.map(layer => layer.name)}),
      yAxis: axis(colours, {type: 'value', min: 0, max: 1, axisLabel: {
        color: colours.muted, formatter: value => percent(value, 0)}}),
      series: [
        ...kinds.map(([key, colour]) => ({
          name: key, type: 'bar', stack: 'macs', barMaxWidth: 60,
          itemStyle: {color: colours[colour]}, data: layers.map(layer => part(layer, key)),
        })),
        {
          name: 'density of input', type: 'line', symbol: 'diamond', symbolSize: 11,
          lineStyle: {width: 0}, itemStyle: {color: colours.more},
          data: layers.map(layer => layer.density),
        },
      ],
    }),
    rows: () => [
      ['layer', 'density', 'macs', 'issued', 'gated', 'skipped'],
      ...layers.map(layer => [layer.name, layer.density, layer.macs.total, layer.macs.issued,
        layer.macs.gated, layer.macs.skipped]),
    ],
  });
}

function runEnergy(parent, run, id) {
  const layers = run.layers.filter(layer => layer.energy.total > 0);
  const shown = energyComponents.filter(([key]) => run.energy[key] > 0);
  addChart(parent, {
    id: id + '-energy', command: runCommand(run), height: 400,
    title: 'Energy an image by component and layer',
    note: 'Counts x energy of an event by the table ' + run.energy_table + '. Set-up is not in it.' +
      (run.energy.leakage > 0 ? '' : ' The table has no leakage.'),
    option: colours => ({
      grid: {left: 70, right: 20, top: underLegend(), bottom: 36},
      legend: legend(colours),
      tooltip: {
        ...baseOption(colours).tooltip, trigger: 'axis', axisPointer: {type: 'shadow'},
        formatter: items => {
          const layer = layers[items[0].dataIndex];
          return tipText(layer.name, [
            ...shown.map(([key, name]) => [name, nanojoules(run, layer.energy[key]) + ' nJ, ' +
              percent(layer.energy[key] / layer.energy.total, 1)]),
            ['total', nanojoules(run, layer.energy.total) + ' nJ']]);
        },
      },
      xAxis: axis(colours, {type: 'category', data: layers.map(layer => layer.name)}),
      yAxis: axis(colours, {type: 'value', name: 'nJ an image'}),
      series: shown.map(([key, name, colour]) => ({
        name, type: 'bar', stack: 'energy', barMaxWidth: 60, itemStyle: {color: colour},
        data: layers.map(layer => layer.energy[key] / 1e3 / run.images),
      })),
    }),
    rows: () => [
      ['layer', 'images', ...energyComponents.map(([key]) => key + '_pj'), 'total_pj'],
      ...[...run.layers, {...run, name: 'total'}].map(row => [row.name, run.images,
        ...energyComponents.map(([key]) => row.energy[key]), row.energy.total]),
    ],
  });
  addTable(parent, [
    ['energy', row => row[1], true], ['nJ an image', row => nanojoules(run, run.energy[row[0]])],
    ['share', row => percent(run.energy[row[0]] / run.energy.total, 1)],
    ['largest in', row => row[0] === 'total' ? '' : layers.reduce((most, layer) =>
      layer.energy[row[0]] > most.energy[row[0]] ? layer : most).name, true],
  ], [...shown, ['total', 'total']]);
}

function runStorage(parent, run, id) {
  const layers = run.layers.filter(layer => layer.storage && layer.storage.plain_bits > 0);
  if (!layers.length) return;
  const kinds = [['plain_bits', 'as they are', 'dense'],
    ['compressed_bits', 'non-zero values and bitmap', 'stream']];
  const kib = bits => bits / 8192 / run.images;
  addChart(parent, {
    id: id + '-storage', command: runCommand(run), height: 300,
    title: 'Storage of the input maps with and without bitmap compression',
    note: 'The machine stores maps as they are, with the bitmap beside them where it skips.',
    option: colours => ({
      grid: {left: 70, right: 20, top: 58, bottom: 36},
      legend: legend(colours),
      tooltip: {...baseOption(colours).tooltip, trigger: 'axis', axisPointer: {type: 'shadow'},
        valueFormatter: value => Number(value.toPrecision(4)) + ' KiB'},
      xAxis: axis(colours, {type: 'category', data: layers.map(layer => layer.name)}),
      yAxis: axis(colours, {type: 'value', name: 'KiB an image'}),
      series: kinds.map(([key, name, colour]) => ({
        name, type: 'bar', barMaxWidth: 40, itemStyle: {color: colours[colour]},
        data: layers.map(layer => kib(layer.storage[key])),
      })),
    }),
    rows: () => [
      ['layer', 'images', 'plain_bits', 'compressed_bits'],
      ...layers.map(layer => [layer.name, run.images, layer.storage.plain_bits,
        layer.storage.compressed_bits]),
    ],
  });
}

/** Names of runs under bars: what tells them apart. */
function runNames(runs) {
  const key = run => [run.network, run.hardware, run.batch, run.faults.armed].join(' ');
  const unique = new Set(runs.map(key)).size === runs.length;
  return runs.map((run, i) => run.network + '\n' + run.hardware +
    (run.batch > 1 ? ', batch ' + run.batch : '') + (run.faults.armed ? '\nwith faults' : '') +
    (unique ? '' : '\n(' + (i + 1) + ')'));
}

function compareEnergy(parent, sections, command) {
  const own = sections.filter(section => section.data.energy);
  if (own.length < 2) return;
  const runs = own.map(section => section.data);
  const shown = energyComponents.filter(([key]) => runs.some(run => run.energy[key] > 0));
  addChart(parent, {
    id: 'runs-energy', command, height: 400, title: 'Runs side by side: energy an image by component',
    option: colours => ({
      grid: {left: 70, right: 20, top: underLegend(), bottom: 64},
      legend: legend(colours),
      tooltip: {...baseOption(colours).tooltip, trigger: 'axis', axisPointer: {type: 'shadow'},
        valueFormatter: value => Number(value.toPrecision(4)) + ' nJ'},
      xAxis: axis(colours, {type: 'category', data: runNames(runs),
        axisLabel: {color: colours.muted, lineHeight: 16, interval: 0}}),
      yAxis: axis(colours, {type: 'value', name: 'nJ an image'}),
      series: shown.map(([key, name, colour]) => ({
        name, type: 'bar', stack: 'energy', barMaxWidth: 46, itemStyle: {color: colour},
        data: runs.map(run => run.energy[key] / 1e3 / run.images),
      })),
    }),
    rows: () => [
      ['file', 'network', 'hardware', 'images', 'table', ...energyComponents.map(([key]) => key + '_pj'),
        'total_pj'],
      ...own.map(({file, data: run}) => [file, run.network, run.hardware, run.images, run.energy_table,
        ...energyComponents.map(([key]) => run.energy[key]), run.energy.total]),
    ],
  });
}

/** Several runs side by side. */
function compareRuns(parent, sections, command) {
  compareCycles(parent, sections, command);
  compareEnergy(parent, sections, command);
}

function compareCycles(parent, sections, command) {
  const runs = sections.map(section => section.data);
  const names = runNames(runs);
  const share = (run, cycles) => cycles === null ? null : cycles / run.images;
  addChart(parent, {
    id: 'runs-cycles', command, height: 400, title: 'Runs side by side: cycles an image by class',
    option: colours => ({
      grid: {left: 70, right: 20, top: 58, bottom: 64},
      legend: legend(colours),
      tooltip: {...baseOption(colours).tooltip, trigger: 'axis', axisPointer: {type: 'shadow'},
        valueFormatter: value => value === null ? '-' : whole(value)},
      xAxis: axis(colours, {type: 'category', data: names,
        axisLabel: {color: colours.muted, lineHeight: 16, interval: 0}}),
      yAxis: axis(colours, {type: 'value', name: 'cycles an image'}),
      series: [
        ...cycleClasses.map(([key, name]) => ({
          name, type: 'bar', stack: 'run', barMaxWidth: 46, itemStyle: {color: colours[key]},
          data: runs.map(run => share(run, run.cycles[key])),
        })),
        {name: 'dense', type: 'bar', stack: 'dense', barMaxWidth: 46,
          itemStyle: {color: colours.dense}, data: runs.map(run => share(run, run.dense_cycles))},
      ],
    }),
    rows: () => [
      ['file', 'network', 'hardware', 'images', ...cycleClasses.map(c => c[0]), 'total',
        'dense_cycles'],
      ...sections.map(({file, data: run}) => [file, run.network, run.hardware, run.images,
        ...cycleClasses.map(c => run.cycles[c[0]]), run.cycles.total, run.dense_cycles]),
    ],
  });
}

function runSummary(parent, sections) {
  addTable(parent, [
    ['run', s => s.file, true], ['network', s => s.data.network, true],
    ['machine', s => s.data.hardware, true], ['images', s => whole(s.data.images)],
    ['batch', s => s.data.batch], ['cycles an image', s => whole(s.data.cycles.total / s.data.images)],
    ['speed-up', s => times(s.data.speedup)], ['of streams', s => times(s.data.stream_speedup)],
    ['MACs skipped', s => percent(s.data.macs.skipped / Math.max(1, s.data.macs.total), 1)],
    ['top-1', s => s.data.top1 === null ? '-' : percent(s.data.top1)],
    ...(sections.some(s => s.data.energy)
      ? [['nJ an image', s => s.data.energy ? nanojoules(s.data, s.data.energy.total) : '-']] : []),
    ['faults', s => whole(s.data.faults.armed)],
  ], sections);
}

function runSection(parent, section, id) {
  const run = section.data;
  parent.append(element('h2', {}, run.network + ' on ' + run.hardware));
  parent.append(element('p', {class: 'muted'}, section.file + ': ' + whole(run.images) +
    ' images in batches of ' + run.batch + ', ' + run.engine + ' engine, lacuna ' + run.version +
    '. SHA-256: ' + Object.entries(run.hashes).map(([k, v]) => k + ' ' + v.slice(0, 12)).join(', ')));
  const cycles = run.cycles.total / run.images;
  addCards(parent, [
    [whole(cycles), 'cycles an image'],
    ...(run.clock_mhz ? [[(cycles / run.clock_mhz).toFixed(1) + ' µs', 'at ' + run.clock_mhz + ' MHz']] : []),
    ...(run.speedup === null ? [] : [[times(run.speedup), 'whole inference against dense']]),
    ...(run.stream_speedup === null ? [] : [[times(run.stream_speedup), 'streams against dense']]),
    [percent(run.macs.skipped / Math.max(1, run.macs.total), 1), 'of the MACs skipped'],
    ...(run.energy ? [[nanojoules(run, run.energy.total) + ' nJ', 'energy an image']] : []),
    ...(run.top1 === null ? [] : [[percent(run.top1), 'top-1']]),
    ...(run.faults.armed ? [[whole(run.faults.armed) + ', ' + whole(run.faults.fired) + ' fired',
      'faults: ' + run.faults.origin]] : []),
  ]);
  runCycles(parent, run, id);
  runDensity(parent, run, id);
  runStorage(parent, run, id);
  if (run.energy) {
    runEnergy(parent, run, id);
  } else {
    parent.append(element('p', {class: 'note'},
      'No energy: lacuna run --energy TABLE.yaml puts it into the record.'));
  }
}
