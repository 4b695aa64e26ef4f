// The page: a summary, then a section an input. A kind of input is a line of `kinds`.

const kinds = {
  run: {summary: runSummary, section: runSection},
  campaign: {summary: campaignSummary, section: campaignSection},
  sweep: {summary: sweepSummary, section: sweepSection},
  timeline: {summary: () => {}, section: timelineSection},
};

async function makePage() {
  const data = pageData;
  document.getElementById('about').append(
    'lacuna ' + data.version + ', made by ', element('code', {}, data.command));
  const main = document.getElementById('main');
  for (const [kind, {summary}] of Object.entries(kinds)) {
    const own = data.sections.filter(section => section.kind === kind);
    if (own.length) summary(main, own);
  }
  const runs = data.sections.filter(section => section.kind === 'run');
  if (runs.length > 1) compareRuns(main, runs, data.command);
  followPage();
  for (const [i, section] of data.sections.entries()) {
    const place = element('section', {id: 'section-' + i});
    main.append(place);
    try {
      await kinds[section.kind].section(place, section, 'section-' + i, data.command);
    } catch (error) {
      console.error(error);
      place.append(element('p', {class: 'error'}, 'This section cannot be shown: ' + error.message));
    }
    await new Promise(resolve => setTimeout(resolve));  // what is there can be read meanwhile
  }
  document.documentElement.dataset.ready = 'yes';
}

makePage();
