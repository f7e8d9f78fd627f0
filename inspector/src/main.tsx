import './theme.css';
import './base.css';
import { render } from 'preact';
import { takeToken } from './connection/token.ts';
import { App } from './shell/app.tsx';
import { createPage, PageContext } from './store/page.ts';

const token = takeToken(location.hash, sessionStorage, () =>
  history.replaceState(null, '', location.pathname + location.search),
);
const page = createPage(token);
addEventListener('hashchange', () => {
  const fresh = takeToken(location.hash, sessionStorage, () => history.replaceState(null, '', location.pathname));
  if (fresh !== null) page.connection.useToken(fresh);
});

const root = document.getElementById('app');
if (root !== null) {
  render(
    <PageContext.Provider value={page}>
      <App />
    </PageContext.Provider>,
    root,
  );
}
