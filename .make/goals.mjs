// What the measurements have in common: the middle of several runs, a table of those, and which goals they reach.

export const rounded = (value, digits = 2) => (value == null ? null : Number(value.toFixed(digits)));

// The middle one, or what is between the two in the middle. What a run does not say is left out.
export const median = (numbers) => {
  const sorted = numbers.filter((number) => number != null).sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

// Runs by name, in the order in which the names came first.
export const grouped = (runs, nameOf) => {
  const groups = new Map();
  for (const run of runs) groups.set(nameOf(run), [...(groups.get(nameOf(run)) ?? []), run]);
  return groups;
};

// A row of medians for each group. The name of a group has as many lines as `head` has titles.
export const printTable = (head, groups, columns) => {
  const row = (cells) => console.log(`| ${cells.join(' | ')} |`);
  row([...head, 'Runs', ...columns.map(([title]) => title)]);
  row([...head, 'Runs', ...columns].map(() => '---'));
  for (const [name, runs] of groups) {
    row([...name.split('\n'), runs.length, ...columns.map(([, value]) => rounded(median(runs.map(value))) ?? '')]);
  }
};

const HOLDS = { 'at least': (a, b) => a >= b, 'at most': (a, b) => a <= b, above: (a, b) => a > b, below: (a, b) => a < b };

// Each goal says what it is about, what was measured, and how that is to compare with what is wanted.
export const judge = (goals) =>
  goals.map(([what, measured, relation, wanted]) => ({
    what,
    measured: rounded(measured),
    wanted: `${relation} ${wanted}`,
    is_reached: measured != null && HOLDS[relation](measured, wanted),
  }));

export const printGoals = (judged) => {
  for (const { what, measured, wanted, is_reached } of judged) {
    console.log(`${is_reached ? 'reached' : 'NOT REACHED'}: ${what}: ${measured} (${wanted})`);
  }
};
