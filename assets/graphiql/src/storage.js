// What people type into an admin API holds passwords and tokens. So only the looks of the page outlive the
// browser tab; queries, variables and history end with it, and headers (which GraphiQL would write into its
// history even when told not to persist them) are never stored.
const KEPT = /^graphiql:(theme|visiblePlugin|\w+Flex)$/;
const home = key => (KEPT.test(key) ? localStorage : sessionStorage);
const ours = area => Object.keys(area).filter(key => key.startsWith('graphiql:'));

const withoutHeaders = text => {
  try {
    return JSON.stringify(JSON.parse(text, (key, value) => (key === 'headers' ? undefined : value)));
  } catch {
    return text;
  }
};

export const storage = {
  getItem: key => home(key).getItem(key),
  setItem: (key, value) => home(key).setItem(key, KEPT.test(key) ? value : withoutHeaders(value)),
  removeItem: key => home(key).removeItem(key),
  get length() {
    return ours(localStorage).length + ours(sessionStorage).length;
  },
  clear() {
    for (const area of [localStorage, sessionStorage]) for (const key of ours(area)) area.removeItem(key);
  },
};
