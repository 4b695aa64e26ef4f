// Run records: cycles by class and layer against dense; density and skipped work; energy by component.

// Names, units and meanings come with the data: {key, name} of classes and components; of every
// figure {key, column, unit, meaning, share, of_run}.
const {classes: cycleClasses, components: energyComponents, list: runFigures} = pageData.figures;

/** What a download calls a figure: its column in the CSV file of a run, else its key. */
const headerOf = key => (runFigures.find(figure => figure.key === key) || {}).column || key;
const valueAt = (row, key) => key.split('.').reduce((part, name) => part && part[name], row);

// By the place of a component.
const energyColours = ['#0072b2', '#56b4e9', '#8c6bb1', '#e69f00', '#009e73', '#b2a100', '#cc79a7',
  '#d55e00', '#7f7f7f', '#6a3d1a', '#004d40'];
const energyColour = key => energyColours[
  energyComponents.findIndex(component => component.key === key) % energyColours.length];
const classColour = (colours, key) => colours[key] || colours.more;

// Against the fault-free run; records of older programs have none.
const changeNames = {agreement: 'agreement', rmse: 'RMSE', sqnr_db: 'SQNR'};
const changeKeys = Object.keys(changeNames);
const hasFigure = (run, key) => run[key] !== null && run[key] !== undefined;
const changeText = (key, value) => key === 'agreement' ? percent(value)
  : key === 'rmse' ? String(Number(value.toPrecision(4))) : value.toFixed(2) + ' dB';

const hasEnergy = run => run.energy.total_pj !== null;
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
            ...cycleClasses.map(({key, name}) => [name, whole(share(layer.cycles[key]))]),
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
        ...cycleClasses.map(({key, name}) => ({
          name, type: 'bar', stack: 'run', barMaxWidth: 46,
          itemStyle: {color: classColour(colours, key)},
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
      ['layer', 'M', 'N', 'K', 'images', ...cycleClasses.map(({key}) => headerOf('cycles.' + key)),
        ...['cycles.total', 'dense_cycles', 'speedup', 'stream_speedup'].map(headerOf)],
      ...[...layers, {...run, name: 'total'}].map(row => [row.name, row.M, row.N, row.K, run.images,
        ...cycleClasses.map(({key}) => row.cycles[key]), row.cycles.total, row.dense_cycles,
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
      ['layer', ...['density', 'macs.total', 'macs.issued', 'macs.gated', 'macs.skipped'].map(headerOf)],
      ...layers.map(layer => [layer.name, layer.density, layer.macs.total, layer.macs.issued,
        layer.macs.gated, layer.macs.skipped]),
    ],
  });
}

function runEnergy(parent, run, id) {
  const layers = run.layers.filter(layer => layer.energy.total_pj > 0);
  const shown = energyComponents.filter(({key}) => run.energy[key] > 0);
  addChart(parent, {
    id: id + '-energy', command: runCommand(run), height: 400,
    title: 'Energy an image by component and layer',
    note: 'Counts x energy of an event by the table ' + run.energy.table + '. Set-up is not in it.' +
      (run.energy.leakage_pj > 0 ? '' : ' The table has no leakage.'),
    option: colours => ({
      grid: {left: 70, right: 20, top: underLegend(), bottom: 36},
      legend: legend(colours),
      tooltip: {
        ...baseOption(colours).tooltip, trigger: 'axis', axisPointer: {type: 'shadow'},
        formatter: items => {
          const layer = layers[items[0].dataIndex];
          return tipText(layer.name, [
            ...shown.map(({key, name}) => [name, nanojoules(run, layer.energy[key]) + ' nJ, ' +
              percent(layer.energy[key] / layer.energy.total_pj, 1)]),
            ['total', nanojoules(run, layer.energy.total_pj) + ' nJ']]);
        },
      },
      xAxis: axis(colours, {type: 'category', data: layers.map(layer => layer.name)}),
      yAxis: axis(colours, {type: 'value', name: 'nJ an image'}),
      series: shown.map(({key, name}) => ({
        name, type: 'bar', stack: 'energy', barMaxWidth: 60, itemStyle: {color: energyColour(key)},
        data: layers.map(layer => layer.energy[key] / 1e3 / run.images),
      })),
    }),
    rows: () => [
      ['layer', 'images', ...energyComponents.map(({key}) => key), 'total_pj'],
      ...[...run.layers, {...run, name: 'total'}].map(row => [row.name, run.images,
        ...energyComponents.map(({key}) => row.energy[key]), row.energy.total_pj]),
    ],
  });
  addTable(parent, [
    ['energy', row => row.name, true], ['nJ an image', row => nanojoules(run, run.energy[row.key])],
    ['share', row => percent(run.energy[row.key] / run.energy.total_pj, 1)],
    ['largest in', row => row.key === 'total_pj' ? '' : layers.reduce((most, layer) =>
      layer.energy[row.key] > most.energy[row.key] ? layer : most).name, true],
  ], [...shown, {key: 'total_pj', name: 'total'}]);
}

function runStorage(parent, run, id) {
  const layers = run.layers.filter(layer => layer.activation_storage.plain_bits > 0);
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
        data: layers.map(layer => kib(layer.activation_storage[key])),
      })),
    }),
    rows: () => [
      ['layer', 'images', 'plain_bits', 'compressed_bits'],
      ...layers.map(layer => [layer.name, run.images, layer.activation_storage.plain_bits,
        layer.activation_storage.compressed_bits]),
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
  const own = sections.filter(section => hasEnergy(section.data));
  if (own.length < 2) return;
  const runs = own.map(section => section.data);
  const shown = energyComponents.filter(({key}) => runs.some(run => run.energy[key] > 0));
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
      series: shown.map(({key, name}) => ({
        name, type: 'bar', stack: 'energy', barMaxWidth: 46, itemStyle: {color: energyColour(key)},
        data: runs.map(run => run.energy[key] / 1e3 / run.images),
      })),
    }),
    rows: () => [
      ['file', 'network', 'hardware', 'images', 'table', ...energyComponents.map(({key}) => key),
        'total_pj'],
      ...own.map(({file, data: run}) => [file, run.network, run.hardware, run.images, run.energy.table,
        ...energyComponents.map(({key}) => run.energy[key]), run.energy.total_pj]),
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
        ...cycleClasses.map(({key, name}) => ({
          name, type: 'bar', stack: 'run', barMaxWidth: 46,
          itemStyle: {color: classColour(colours, key)},
          data: runs.map(run => share(run, run.cycles[key])),
        })),
        {name: 'dense', type: 'bar', stack: 'dense', barMaxWidth: 46,
          itemStyle: {color: colours.dense}, data: runs.map(run => share(run, run.dense_cycles))},
      ],
    }),
    rows: () => [
      ['file', 'network', 'hardware', 'images',
        ...cycleClasses.map(({key}) => headerOf('cycles.' + key)),
        ...['cycles.total', 'dense_cycles'].map(headerOf)],
      ...sections.map(({file, data: run}) => [file, run.network, run.hardware, run.images,
        ...cycleClasses.map(({key}) => run.cycles[key]), run.cycles.total, run.dense_cycles]),
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
    ...changeKeys.filter(key => sections.some(s => hasFigure(s.data, key)))
      .map(key => [changeNames[key], s => hasFigure(s.data, key) ? changeText(key, s.data[key]) : '-']),
    ...(sections.some(s => hasEnergy(s.data))
      ? [['nJ an image', s => hasEnergy(s.data) ? nanojoules(s.data, s.data.energy.total_pj) : '-']] : []),
    ['faults', s => whole(s.data.faults.armed)],
  ], sections);
}

/** Every figure of the whole run that there is. */
function figureTable(parent, run) {
  const rows = runFigures.filter(figure => figure.of_run)
    .map(figure => ({...figure, value: valueAt(run, figure.key)}))
    .filter(({value}) => value !== null && value !== undefined);
  const text = ({share, unit, value}) => share ? percent(value)
    : Number.isInteger(value) ? whole(value) : String(Number(value.toPrecision(6))) +
      (unit === 'x' ? 'x' : '');
  const place = element('details', {class: 'figures'},
    element('summary', {}, 'All ' + rows.length + ' figures of the run'));
  parent.append(place);
  addTable(place, [
    ['figure', row => row.key, true], ['value', text],
    ['unit', row => row.unit === 'x' ? '' : row.unit, true], ['meaning', row => row.meaning, true],
  ], rows);
}

function runSection(parent, section, id) {
  const run = section.data;
  parent.append(element('h2', {}, run.network + ' on ' + run.hardware));
  parent.append(element('p', {class: 'muted'}, section.file + ': ' + whole(run.images) +
    ' images in batches of ' + run.batch + ', ' + run.engine + ' engine, lacuna ' + run.program.version +
    '. SHA-256: ' + Object.entries(run.hashes).filter(([, v]) => v).map(([k, v]) => k + ' ' + v.slice(0, 12)).join(', ')));
  const cycles = run.cycles.total / run.images;
  addCards(parent, [
    [whole(cycles), 'cycles an image'],
    ...(run.clock_mhz ? [[(cycles / run.clock_mhz).toFixed(1) + ' µs', 'at ' + run.clock_mhz + ' MHz']] : []),
    ...(run.speedup === null ? [] : [[times(run.speedup), 'whole inference against dense']]),
    ...(run.stream_speedup === null ? [] : [[times(run.stream_speedup), 'streams against dense']]),
    [percent(run.macs.skipped / Math.max(1, run.macs.total), 1), 'of the MACs skipped'],
    ...(hasEnergy(run) ? [[nanojoules(run, run.energy.total_pj) + ' nJ', 'energy an image']] : []),
    ...(run.top1 === null ? [] : [[percent(run.top1), 'top-1']]),
    ...changeKeys.filter(key => hasFigure(run, key))
      .map(key => [changeText(key, run[key]), changeNames[key] + ' against the fault-free run']),
    ...(run.faults.armed ? [[whole(run.faults.armed) + ', ' + whole(run.faults.fired) + ' fired',
      'faults: ' + run.faults.origin]] : []),
  ]);
  if (run.outputs.length) {
    addTable(parent, [['output', output => output.name, true],
      ...changeKeys.filter(key => key !== 'agreement').map(key => [changeNames[key],
        output => hasFigure(output, key) ? changeText(key, output[key]) : '-'])], run.outputs);
  }
  figureTable(parent, run);
  runCycles(parent, run, id);
  runDensity(parent, run, id);
  runStorage(parent, run, id);
  if (hasEnergy(run)) {
    runEnergy(parent, run, id);
  } else {
    parent.append(element('p', {class: 'note'},
      'No energy: lacuna run --energy TABLE.yaml puts it into the record.'));
  }
}
