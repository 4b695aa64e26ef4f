// A timeline: what each resource of the machine does and how full its buffers are, and when.

const mostSpans = 20000;

async function timelineSection(parent, section, id, command) {
  const trace = section.data;
  const {network, hardware, command: made, schema, ...rest} = trace.about;
  parent.append(element('h2', {}, network && hardware
    ? 'Timeline of ' + network + ' on ' + hardware : 'Timeline'));
  const about = Object.entries(rest).map(([key, value]) => key.replace(/_/g, ' ') + ' ' + value).join(', ');
  parent.append(element('p', {class: 'muted'}, section.file + (about ? ': ' + about : '')));
  const columns = await unpackAll(trace, ['lane', 'begin', 'length', 'name', 'detail']);
  const details = await unpack(trace.details);
  const buffers = await unpackBuffers(trace);
  const count = Math.min(trace.events, mostSpans);
  const end = i => columns.begin[i] + columns.length[i];
  let last = 1;
  const busy = new Array(trace.lanes.length).fill(0);
  for (let i = 0; i < trace.events; i++) {
    last = Math.max(last, end(i));
    busy[columns.lane[i]] += columns.length[i];
  }
  addCards(parent, [[whole(last), 'cycles'], [whole(trace.events + trace.left_out), 'steps'],
    ...trace.lanes.map((lane, i) => [percent(busy[i] / last, 1), lane + ' busy'])
      .filter((card, i) => trace.lanes[i] !== 'cycle classes' && trace.of_first[i]).slice(0, 8),
    ...buffers.map(buffer => buffer.capacity
      ? [percent(buffer.most / buffer.capacity, 1), 'of ' + buffer.name + ' in use at most']
      : [whole(buffer.most), buffer.name + ' in use at most'])]);
  const kinds = kindsOf(trace, columns);
  const steps = addChart(parent, {
    id: id + '-timeline', command: made || command, svg: false,
    height: Math.min(900, 130 + 44 * trace.lanes.length),
    title: 'Steps on the machine\'s resources',
    note: 'Ctrl + wheel or the bar below: zoom. ' + (trace.events + trace.left_out > count
      ? 'Drawn are the first ' + whole(count) + ' steps; the download has ' + whole(trace.events) + '.' : ''),
    option: colours => ({
      grid: {left: 200, right: 24, top: 34, bottom: 76},
      legend: legend(colours, {data: kinds.names}),
      tooltip: {
        ...baseOption(colours).tooltip,
        formatter: item => {
          const i = item.value[4];
          return tipText(trace.names[columns.name[i]], [['on', trace.lanes[columns.lane[i]]],
            ['from', whole(columns.begin[i])], ['to', whole(end(i))],
            ['for', whole(columns.length[i])],
            ...(details[columns.detail[i]] ? [['with', details[columns.detail[i]]]] : [])]);
        },
      },
      dataZoom: [
        {type: 'slider', xAxisIndex: 0, filterMode: 'weakFilter', bottom: 8, height: 20,
          showDataShadow: false, borderColor: colours.line, textStyle: {color: colours.muted}},
        {type: 'inside', xAxisIndex: 0, filterMode: 'weakFilter', zoomOnMouseWheel: 'ctrl'},
      ],
      xAxis: axis(colours, {type: 'value', min: 0, max: last, name: 'cycle', nameLocation: 'middle',
        nameGap: 24}),
      yAxis: axis(colours, {type: 'category', data: trace.lanes, inverse: true,
        axisLabel: {color: colours.muted, width: 184, overflow: 'break', lineHeight: 15}}),
      series: kinds.names.map((name, kind) => ({
        name, type: 'custom', color: seriesColours[kind % seriesColours.length],
        encode: {x: [1, 2], y: 0}, clip: true,
        data: kinds.members[kind].filter(i => i < count).map(i =>
          [columns.lane[i], columns.begin[i], end(i), columns.name[i], i]),
        renderItem: (params, api) => {
          const from = api.coord([api.value(1), api.value(0)]);
          const to = api.coord([api.value(2), api.value(0)]);
          const height = api.size([0, 1])[1] * 0.7;
          const shape = echarts.graphic.clipRectByRect(
            {x: from[0], y: from[1] - height / 2, width: Math.max(0.5, to[0] - from[0]), height},
            params.coordSys);
          return shape && {type: 'rect', shape, style: {fill: api.visual('color')}};
        },
      })),
    }),
    rows: function* () {
      yield ['resource', 'step', 'begin', 'end', 'detail'];
      for (let i = 0; i < trace.events; i++) {
        yield [trace.lanes[columns.lane[i]], trace.names[columns.name[i]], columns.begin[i], end(i),
          details[columns.detail[i]]];
      }
    },
  });
  if (buffers.length) {
    zoomTogether(steps.chart, bufferChart(parent, buffers, last, {
      id: id + '-buffers', command: made || command, leftOut: trace.levels_left_out}).chart);
  }
}

/** Levels of each counter: {name, capacity (null: none known), cycle, used, most}. */
async function unpackBuffers(trace) {
  return Promise.all(trace.counters.map(async counter => {
    const {cycle, used} = await unpackAll(counter, ['cycle', 'used']);
    return {...counter, cycle, used, most: used.reduce((a, b) => Math.max(a, b), 0)};
  }));
}

/** The level at a cycle: of the last event until then. */
function levelAt(buffer, cycle) {
  let low = 0, high = buffer.cycle.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (buffer.cycle[middle] <= cycle) low = middle + 1; else high = middle;
  }
  return low ? buffer.used[low - 1] : 0;
}

/** A strip a buffer, one below the other, over the same cycles as the steps above. */
function bufferChart(parent, buffers, last, {id, command, leftOut}) {
  const strip = 88, gap = 24, top = 16;
  const place = i => top + i * (strip + gap);
  const shownOf = buffer => Math.min(buffer.cycle.length, mostSpans);
  const cut = buffers.some(buffer => buffer.cycle.length > mostSpans) || leftOut > 0;
  const share = buffer => whole(buffer.most) + (buffer.capacity
    ? ' of\n' + whole(buffer.capacity) + ', ' + percent(buffer.most / buffer.capacity, 1) : '');
  return addChart(parent, {
    id, command, svg: false, height: place(buffers.length) + 68,
    title: 'How full the buffers are',
    note: 'In use from the start of the step that writes to the end of the last step that reads. ' +
      'Dashed: the capacity, where it is in sight.' + (cut ? ' Drawn are the first ' + whole(mostSpans) +
      ' changes of each; the download has ' + (leftOut ? 'all but ' + whole(leftOut) : 'all') + '.' : ''),
    option: colours => ({
      grid: buffers.map((_, i) => ({left: 200, right: 24, top: place(i), height: strip})),
      tooltip: {
        ...baseOption(colours).tooltip, trigger: 'axis', axisPointer: {type: 'line', snap: false},
        formatter: items => {
          const cycle = Math.floor(items[0].axisValue);
          return tipText('cycle ' + whole(cycle), buffers.map(buffer => [buffer.name,
            whole(levelAt(buffer, cycle)) + (buffer.capacity ? ' of ' + whole(buffer.capacity) : '')]));
        },
      },
      title: buffers.map((buffer, i) => ({
        text: buffer.name + '\nat most ' + share(buffer), left: 0, top: place(i) + 2, padding: 0,
        textStyle: {color: colours.muted, fontSize: 12, fontWeight: 'normal', lineHeight: 16,
          width: 136, overflow: 'break'},
      })),
      axisPointer: {link: [{xAxisIndex: 'all'}]},
      dataZoom: [
        {type: 'slider', xAxisIndex: buffers.map((_, i) => i), filterMode: 'none', bottom: 8, height: 20,
          showDataShadow: false, borderColor: colours.line, textStyle: {color: colours.muted}},
        {type: 'inside', xAxisIndex: buffers.map((_, i) => i), filterMode: 'none', zoomOnMouseWheel: 'ctrl'},
      ],
      xAxis: buffers.map((_, i) => axis(colours, {type: 'value', gridIndex: i, min: 0, max: last,
        ...(i + 1 < buffers.length ? {axisLabel: {show: false}}
          : {name: 'cycle', nameLocation: 'middle', nameGap: 24})})),
      yAxis: buffers.map((buffer, i) => axis(colours, {type: 'value', gridIndex: i, min: 0,
        max: inSight(buffer) ? buffer.capacity : null, splitNumber: 2,
        axisLabel: {color: colours.muted, formatter: value => whole(value)}})),
      series: buffers.map((buffer, i) => ({
        name: buffer.name, type: 'line', step: 'end', symbol: 'none', xAxisIndex: i, yAxisIndex: i,
        color: seriesColours[i % seriesColours.length], lineStyle: {width: 1.2}, areaStyle: {opacity: 0.25},
        data: [...Array.from({length: shownOf(buffer)}, (_, j) => [buffer.cycle[j], buffer.used[j]]),
          ...(shownOf(buffer) < buffer.cycle.length ? [] : [[last, buffer.used[buffer.used.length - 1]]])],
        markLine: inSight(buffer) ? {
          silent: true, symbol: 'none', label: {show: false}, data: [{yAxis: buffer.capacity}],
          lineStyle: {type: 'dashed', color: colours.muted}} : undefined,
      })),
    }),
    rows: function* () {
      yield ['buffer', 'cycle', 'used', 'capacity'];
      for (const buffer of buffers) {
        for (let i = 0; i < buffer.cycle.length; i++) {
          yield [buffer.name, buffer.cycle[i], buffer.used[i], buffer.capacity];
        }
      }
    },
  });
}

/** Whether a buffer's axis goes up to its capacity: where a tenth of it is ever used. */
const inSight = buffer => buffer.capacity !== null && 10 * buffer.most >= buffer.capacity;

/** Zooming one of two charts zooms the other to the same cycles. */
function zoomTogether(...charts) {
  let busy = false;
  for (const chart of charts) {
    chart.on('datazoom', () => {
      if (busy) return;
      busy = true;
      const {start, end} = chart.getOption().dataZoom[0];
      for (const other of charts) {
        if (other !== chart) other.dispatchAction({type: 'dataZoom', start, end});
      }
      busy = false;
    });
  }
}

/** Steps by the first word of their name, at most nine kinds and the rest. */
function kindsOf(trace, columns) {
  const kindOf = trace.names.map(name => name.split(/[ :.,(\[]/)[0]);
  const counts = new Map();
  for (let i = 0; i < trace.events; i++) {
    const kind = kindOf[columns.name[i]];
    counts.set(kind, (counts.get(kind) || 0) + 1);
  }
  const names = [...counts.keys()];
  if (names.length > 10) {
    names.sort((a, b) => counts.get(b) - counts.get(a));
    names.splice(9, names.length, 'other');
  }
  const members = names.map(() => []);
  for (let i = 0; i < trace.events; i++) {
    const found = names.indexOf(kindOf[columns.name[i]]);
    members[found < 0 ? names.length - 1 : found].push(i);
  }
  return {names, members};
}
