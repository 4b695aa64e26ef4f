// The physical weight SRAM: banks side by side, a column a bit, a row a row. While more cells are in
// view than can be told apart, a tile stands for the worst of several rows; zooming in splits tiles
// until each is one cell.

const mostTiles = 33000;
const mostTileRows = 256;  // more would be thinner than a pixel or two

const cellMetrics = {
  sdc: {
    name: 'images that are SDC', of: (cells, i, sites, images) => cells.sdc[i] / images,
    text: value => percent(value), unit: '%',
    pieces: [['heat0', 0, 0, 'no change'], ['heat1', 0, 0.001], ['heat2', 0.001, 0.005],
      ['heat3', 0.005, 0.01], ['heat4', 0.01, 0.02], ['heat5', 0.02, 0.05], ['heat6', 0.05, 1]],
  },
  lost: {
    name: 'top-1 lost', text: value => (100 * value).toFixed(2) + ' points', unit: '',
    of: (cells, i, sites, images) => (sites.golden_correct - cells.correct[i]) / images,
    pieces: [['less', -1, 0], ['heat0', 0, 0, 'no change'], ['heat1', 0, 0.001],
      ['heat2', 0.001, 0.005], ['heat3', 0.005, 0.01], ['heat4', 0.01, 0.02],
      ['heat5', 0.02, 0.05], ['heat6', 0.05, 1]],
  },
  cycles: {
    name: 'change of cycles', text: value => (value > 0 ? '+' : '') + (100 * value).toFixed(3) + '%', unit: '%',
    of: (cells, i, sites) => cells.cycles[i] / sites.golden_cycles,
    pieces: [['heat2', -1e9, -0.001], ['heat1', -0.001, 0], ['heat0', 0, 0, 'no change'],
      ['heat3', 0, 0.001], ['heat4', 0.001, 0.003], ['heat5', 0.003, 0.01], ['heat6', 0.01, 1e9]],
  },
};
const unused = -1e12;  // the value of a cell that holds no weight

/** Pieces of ECharts' visualMap: a value on a border belongs to the piece nearer to zero. */
function piecesOf(metric, colours) {
  return [
    {value: unused, color: colours.none, label: 'no weight'},
    ...metric.pieces.map(([colour, low, high, label]) => {
      const color = colours[colour];
      if (low === high) return {value: low, color, label};
      const open = value => Math.abs(value) >= 1;
      const text = value => String(Number((100 * value).toFixed(3)));
      const name = (open(high) ? '> ' + text(low) : open(low) ? '< ' + text(high)
        : low >= 0 ? '\u2264 ' + text(high) : '\u2265 ' + text(low)) + metric.unit;
      return low >= 0 ? {gt: low, lte: high, color, label: name} : {gte: low, lt: high, color, label: name};
    }),
  ];
}

/** Where everything lies: width of the map, rows, and the cell at each place (-1: none). */
function indexCells(cells) {
  const size = list => list.reduce((most, value) => Math.max(most, value + 1), 0);
  const banks = size(cells.bank), rows = size(cells.row), bits = size(cells.bit);
  const width = banks * bits;
  if (width * rows > 64e6) return null;
  const at = new Int32Array(width * rows).fill(-1);
  for (let i = 0; i < cells.row.length; i++) {
    at[cells.row[i] * width + cells.bank[i] * bits + cells.bit[i]] = i;
  }
  return {banks, rows, bits, width, at};
}

/** Tiles of a part of the map: [column, tile row, value, worst cell, cells]. */
function tilesOf(map, value, group, part) {
  const tiles = [];
  const first = Math.floor(part.rowFrom / group), last = Math.floor(part.rowTo / group);
  for (let y = first; y <= last; y++) {
    const end = Math.min((y + 1) * group, map.rows);
    for (let x = part.columnFrom; x <= part.columnTo; x++) {
      let worst = -1, most = -1, count = 0;
      for (let row = y * group; row < end; row++) {
        const cell = map.at[row * map.width + x];
        if (cell < 0) continue;
        count++;
        const size = value[cell] === unused ? -0.5 : Math.abs(value[cell]);
        if (size > most || worst < 0) {
          most = size;
          worst = cell;
        }
      }
      if (worst >= 0) tiles.push([x, y, value[worst], worst, count]);
    }
  }
  return tiles;
}

/** The weights behind a cell, at most a dozen of them by name. */
function weightLines(weights, codeBit) {
  const most = 12;
  if (!weights.length) return [['weight', 'none']];
  if (weights.length === 1) return [['weight', weights[0] + ' bit ' + codeBit]];
  return [['bit ' + codeBit + ' of ' + weights.length + ' weights in turn', ''],
    ...weights.slice(0, most).map((name, i) => ['weight ' + (i + 1), name]),
    ...(weights.length > most ? [['and', (weights.length - most) + ' more']] : [])];
}

async function cellMap(parent, campaign, sites, id) {
  const cells = await unpackAll(sites.cells, ['bank', 'row', 'bit', 'code_bit', 'weight_count',
    'weight', 'trial', 'masked', 'sdc', 'correct', 'cycles']);
  const names = await unpack(sites.cells.weights);
  const firstWeight = new Uint32Array(cells.row.length + 1);
  for (let i = 0; i < cells.row.length; i++) firstWeight[i + 1] = firstWeight[i] + cells.weight_count[i];
  const map = indexCells(cells);
  if (!map) {
    parent.append(element('p', {class: 'note'}, siteTitle(sites) + ': this memory is too large for a map.'));
    return;
  }
  const weightsOf = i =>
    Array.from(cells.weight.subarray(firstWeight[i], firstWeight[i + 1]), w => names[w]);

  const choice = element('select', {'aria-label': 'figure'}, ...Object.entries(cellMetrics)
    .filter(([key]) => key !== 'lost' || sites.golden_correct !== null)
    .map(([key, metric]) => element('option', {value: key}, metric.name)));
  const bankChoice = element('select', {'aria-label': 'bank'}, element('option', {value: '-1'},
    'all banks'), ...Array.from({length: map.banks}, (_, i) =>
    element('option', {value: String(i)}, 'bank ' + i)));
  const scale = element('span', {class: 'muted'});
  const controls = element('div', {class: 'controls'}, choice, bankChoice, scale);

  const view = {rowFrom: 0, rowTo: map.rows - 1, columnFrom: 0, columnTo: map.width - 1};
  let group = 1;
  const values = new Float64Array(cells.row.length);
  const measure = () => {
    const metric = cellMetrics[choice.value];
    for (let i = 0; i < values.length; i++) {
      values[i] = cells.weight_count[i] === 0 ? unused : metric.of(cells, i, sites, campaign.images);
    }
  };
  const fit = () => {
    const rows = view.rowTo - view.rowFrom + 1;
    const most = Math.min(mostTileRows, mostTiles / (view.columnTo - view.columnFrom + 1));
    for (group = 1; rows / group > most && group < map.rows; group *= 2);
    scale.textContent = group === 1 ? 'one tile, one cell'
      : 'a tile: the worst of ' + group + ' rows; zoom in to see cells';
    return tilesOf(map, values, group, view);
  };
  const tip = item => {
    const [, , value, cell, count] = item.value;
    const place = 'bank ' + cells.bank[cell] + ', row ' + cells.row[cell] + ', bit ' + cells.bit[cell];
    return tipText((count > 1 ? 'worst of ' + count + ' cells: ' : '') + place, [
      ...weightLines(weightsOf(cell), cells.code_bit[cell]),
      ...(value === unused ? [] : Object.values(cellMetrics).map(other =>
        [other.name, other.text(other.of(cells, cell, sites, campaign.images))])),
      ...(value === unused ? [] : [['images with other outputs',
        whole(campaign.images - cells.masked[cell])]]),
      ['trial', cells.trial[cell]]]);
  };
  measure();
  let tiles = fit();
  const bitStep = map.width <= 64 ? 4 : 16;
  const rowStep = () => {  // at most 32 labels
    let step = 1;
    while ((view.rowTo - view.rowFrom + 1) / group / step > 32) step *= 2;
    return step;
  };
  const option = colours => ({
    grid: {left: 70, right: 44, top: 14, bottom: 92},
    tooltip: {...baseOption(colours).tooltip, formatter: tip},
    xAxis: axis(colours, {
      type: 'category', data: Array.from({length: map.width}, (_, x) => x), name: '',
      axisTick: {show: false}, splitLine: {show: false},
      min: view.columnFrom, max: view.columnTo,
      axisLabel: {color: colours.muted, interval: index => index % bitStep === 0 || index % map.bits === 0,
        formatter: text => {
          const x = Number(text);
          return x % map.bits === 0 ? 'bank ' + x / map.bits : String(x % map.bits);
        }},
    }),
    yAxis: axis(colours, {
      type: 'category', inverse: true, name: 'row', nameLocation: 'start', axisTick: {show: false},
      splitLine: {show: false},
      data: Array.from({length: Math.ceil(map.rows / group)}, (_, y) => y * group),
      min: Math.floor(view.rowFrom / group), max: Math.floor(view.rowTo / group),
      axisLabel: {color: colours.muted, interval: index => index % rowStep() === 0},
    }),
    visualMap: {
      type: 'piecewise', dimension: 2, orient: 'horizontal', left: 'center', bottom: 0,
      pieces: piecesOf(cellMetrics[choice.value], colours), textStyle: {color: colours.muted, fontSize: 11},
      itemWidth: 14, itemHeight: 10, itemGap: 14, textGap: 4, selectedMode: false,
    },
    series: [{
      type: 'heatmap', data: tiles, progressive: 0, encode: {x: 0, y: 1},
      emphasis: {itemStyle: {borderColor: colours.text, borderWidth: 1}},
    }],
  });
  const drawn = addChart(parent, {
    id, command: campaign.command, height: 620, svg: false, controls, option,
    title: 'The weight SRAM, cell by cell: ' + siteTitle(sites),
    note: 'Colour: what a fault in the cell does to ' + whole(campaign.images) + ' images. ' +
      'Drag over rows, or Ctrl + wheel: zoom; double click: all. A trial runs again with ' +
      campaign.replay + 'TRIAL' + (sites.cells.all_weights ? '' : '. Of the weights behind a cell ' +
      'only the first is named: the campaign\'s machine and network files are not as they were.'),
    rows: function* () {
      yield ['bank', 'row', 'bit', 'weights', 'code_bit', 'trial', 'masked', 'sdc', 'correct',
        'cycles_change'];
      for (let i = 0; i < values.length; i++) {
        yield [cells.bank[i], cells.row[i], cells.bit[i], weightsOf(i).join(' '),
          cells.code_bit[i] < 0 ? '' : cells.code_bit[i], cells.trial[i], cells.masked[i],
          cells.sdc[i], sites.golden_correct === null ? '' : cells.correct[i], cells.cycles[i]];
      }
    },
  });
  const show = () => {
    tiles = fit();
    drawn.draw();
  };
  choice.addEventListener('change', () => {
    measure();
    show();
  });
  bankChoice.addEventListener('change', () => {
    const bank = Number(bankChoice.value);
    view.columnFrom = bank < 0 ? 0 : bank * map.bits;
    view.columnTo = (bank < 0 ? map.width : (bank + 1) * map.bits) - 1;
    show();
  });
  followZoom(drawn, view, map, () => group, show);
}

/** Ctrl + wheel and drag over the map choose the rows in view; a double click shows all. */
function followZoom({chart, place}, view, map, group, show) {
  const rowAt = pixel => {
    const tile = chart.convertFromPixel({yAxisIndex: 0}, pixel);
    return Math.min(map.rows - 1, Math.max(0, tile * group()));
  };
  const set = (from, to) => {
    view.rowFrom = Math.max(0, Math.round(from));
    view.rowTo = Math.min(map.rows - 1, Math.max(view.rowFrom + 7, Math.round(to)));
    show();
  };
  place.addEventListener('wheel', event => {
    if (!event.ctrlKey || !chart.containPixel('grid', [event.offsetX, event.offsetY])) return;
    event.preventDefault();
    const centre = rowAt(event.offsetY);
    const factor = event.deltaY < 0 ? 0.7 : 1 / 0.7;
    set(centre - (centre - view.rowFrom) * factor, centre + (view.rowTo - centre) * factor);
  }, {passive: false});
  let start = null;
  place.addEventListener('mousedown', event => {
    start = chart.containPixel('grid', [event.offsetX, event.offsetY]) ? event.offsetY : null;
  });
  place.addEventListener('mouseup', event => {
    if (start !== null && Math.abs(event.offsetY - start) > 8) {
      const [a, b] = [rowAt(start), rowAt(event.offsetY)];
      set(Math.min(a, b), Math.max(a, b) + group() - 1);
    }
    start = null;
  });
  place.addEventListener('dblclick', () => set(0, map.rows - 1));
}
