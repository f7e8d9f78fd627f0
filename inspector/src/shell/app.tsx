import './app.css';
import { ContextView } from '../context/context-view.tsx';
import { useKeys } from '../keys/use-keys.ts';
import { SessionList } from '../list/session-list.tsx';
import { LogView } from '../log/log-view.tsx';
import type { Tab } from '../model/panes.ts';
import { SendView } from '../send/send-view.tsx';
import { SequenceView } from '../sequence/sequence-view.tsx';
import { usePage } from '../store/page.ts';
import { StoryView } from '../story/story-view.tsx';
import { TimePanel } from '../timeline/time-panel.tsx';
import { Gate } from './gate.tsx';
import { Help } from './help.tsx';
import { Notice } from './notice.tsx';
import { PaneBar } from './pane-bar.tsx';
import { Stage, StageHead } from './stage.tsx';
import { Tabs } from './tabs.tsx';
import { TopBar } from './top-bar.tsx';

const VIEWS: Readonly<Record<Tab, () => preact.JSX.Element>> = {
  log: LogView,
  sequence: SequenceView,
  context: ContextView,
  story: StoryView,
  send: SendView,
};

/** The page. Without a process to look at it says why. */
export function App() {
  const { connection, view } = usePage();
  useKeys();
  const isKnown = connection.mirror.value.welcome !== null;
  const { state } = connection.life.value;
  if (!isKnown || state === 'refused') return <Gate />;
  return (
    <div class="app" data-narrow={view.narrow.value}>
      <TopBar />
      <Notice />
      {view.narrow.value ? <NarrowPanes /> : <WidePanes />}
      <Help />
    </div>
  );
}

function WidePanes() {
  const { view } = usePage();
  const View = VIEWS[view.tab.value];
  return (
    <main class="panes">
      <SessionList />
      <Stage />
      <Tabs>
        <View />
      </Tabs>
      <TimePanel />
    </main>
  );
}

function NarrowPanes() {
  const { view, selection } = usePage();
  const row = selection.row.value;
  const pane = view.pane.value;
  const View = pane === 'sessions' ? SessionList : pane === 'chart' ? Stage : VIEWS[pane];
  return (
    <>
      {row !== undefined && pane !== 'sessions' && pane !== 'chart' && <StageHead row={row} />}
      <main class="pane" id="pane">
        <View />
      </main>
      {pane !== 'sessions' && pane !== 'send' && <TimePanel />}
      <PaneBar />
    </>
  );
}
