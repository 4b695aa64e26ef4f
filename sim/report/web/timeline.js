// A timeline: what each resource of the machine does, and when.

const mostSpans = 20000;

async function timelineSection(parent, section, id, command) {
  const trace = section.data;
  parent.append(element('h2', {}, 'Timeline'));
  const about = Object.entries(trace.about).map(([key, value]) => key + ': ' + value).join(', ');
  parent.append(element('p', {class: 'muted'}, section.file + (about ? '. ' + about : '')));
  const columns = await unpackAll(trace, ['lane', 'begin', 'length', 'name', 'detail']);
  const details = await unpack(trace.details);
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
      .filter((card, i) => trace.lanes[i] !== 'cycle classes').slice(0, 8)]);
  const kinds = kindsOf(trace, columns);
  addChart(parent, {
    id: id + '-timeline', command: trace.about.command || command, svg: false,
    height: Math.min(900, 130 + 44 * trace.lanes.length),
    title: 'Steps on the machine\'s resources',
    note: 'Ctrl + wheel or the bar below: zoom. ' + (trace.events + trace.left_out > count
      ? 'Drawn are the first ' + whole(count) + ' steps; the download has ' + whole(trace.events) + '.' : ''),
    option: colours => ({
      grid: {left: 180, right: 24, top: 34, bottom: 76},
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
        axisLabel: {color: colours.muted, width: 164, overflow: 'break', lineHeight: 15}}),
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
