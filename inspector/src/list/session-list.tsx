import './session-list.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ListSort } from '../../../src/integration/inspect/page-protocol.ts';
import { count } from '../model/format.ts';
import { usePage } from '../store/page.ts';
import { Empty } from '../ui/empty.tsx';
import { Icon } from '../ui/icon.tsx';
import { useSize } from '../ui/use-size.ts';
import { visibleRows } from './list-window.ts';
import { LIST_ROW_PX, SessionRow, SkeletonRow } from './session-row.tsx';
import { LIST_ELEMENT_ID, SEARCH_ELEMENT_ID } from './walk.ts';

/** A pause in typing after which the search begins, ms. */
const TYPING_MS = 150;

const SORTS: readonly (readonly [ListSort, string])[] = [
  ['started', 'start'],
  ['activity', 'activity'],
  ['next', 'next deadline'],
  ['state', 'state'],
  ['renewals', 'renewals'],
  ['id', 'id'],
];

/** The sessions, however many: only the rows that are seen are there. */
export function SessionList() {
  return (
    <section class="list" aria-label="Sessions">
      <div class="list-head">
        <Search />
        <OrderLine />
      </div>
      <Rows />
    </section>
  );
}

function Search() {
  const { list, selection } = usePage();
  const [text, setText] = useState(list.search.peek());
  useEffect(() => {
    const timer = setTimeout(() => {
      list.search.value = text.trim();
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div class="list-search">
      <Icon name="search" size={14} />
      <input
        id={SEARCH_ELEMENT_ID}
        class="field"
        type="search"
        placeholder="Search by id"
        aria-label="Search sessions by id"
        autocomplete="off"
        spellcheck={false}
        maxLength={200}
        value={text}
        onInput={event => setText(event.currentTarget.value)}
        onKeyDown={event => {
          if (event.key === 'Escape' && text !== '') setText('');
          else if (event.key === 'Enter' || event.key === 'ArrowDown') {
            const [first] = list.rows.peek().rows;
            if (first !== undefined) selection.select(first.actor);
            document.getElementById(LIST_ELEMENT_ID)?.focus({ preventScroll: true });
          } else return;
          event.preventDefault();
        }}
      />
      {text === '' && <kbd>/</kbd>}
    </div>
  );
}

function OrderLine() {
  const { list } = usePage();
  const { sort, descending } = list.order.value;
  const matched = list.matched.value;
  const total = list.total.value;
  return (
    <div class="list-order">
      <span role="status">{matched === total ? `${count(total)} in all` : `${count(matched)} of ${count(total)}`}</span>
      <select
        aria-label="Sort by"
        value={sort}
        onChange={event => {
          list.order.value = { sort: event.currentTarget.value as ListSort, descending };
        }}
      >
        {SORTS.map(([value, label]) => (
          <option key={value} value={value}>
            by {label}
          </option>
        ))}
      </select>
      <button
        type="button"
        class="icon-button"
        data-descending={descending}
        title={descending ? 'Descending' : 'Ascending'}
        onClick={() => {
          list.order.value = { sort, descending: !descending };
        }}
      >
        <Icon name="sort" size={14} />
        <span class="sr-only">{descending ? 'Descending' : 'Ascending'}</span>
      </button>
    </div>
  );
}

function Rows() {
  const { list } = usePage();
  const [ref, , height] = useSize<HTMLDivElement>();
  const isEmpty = list.isKnown.value && list.matched.value === 0;
  return (
    <div class="list-body" ref={ref}>
      {isEmpty ? <NoRows /> : <RowWindow height={height} />}
    </div>
  );
}

function RowWindow({ height }: { readonly height: number }) {
  const { list, selection } = usePage();
  const ref = useRef<HTMLDivElement>(null);
  const [scrollTop, setScrollTop] = useState(0);
  const matched = list.matched.value;
  const { offset, rows } = list.rows.value;
  const seen = visibleRows(scrollTop, height, LIST_ROW_PX, matched);
  useEffect(() => {
    if (height > 0) list.seen.value = seen;
  }, [seen.offset, seen.limit, height]);
  // Another question has its answer from the top.
  const question = `${list.search.value} ${[...list.states.value]} ${list.order.value.sort} ${list.order.value.descending}`;
  useEffect(() => {
    ref.current?.scrollTo({ top: 0 });
  }, [question]);
  const selected = selection.selected.value;
  const indexes = Array.from({ length: matched === 0 ? 0 : seen.limit }, (_, i) => seen.offset + i);
  return (
    <div
      id={LIST_ELEMENT_ID}
      ref={ref}
      class="list-rows scroll"
      role="listbox"
      aria-label="Sessions"
      aria-activedescendant={selected === null ? undefined : `row-${selected}`}
      tabIndex={0}
      onScroll={event => setScrollTop(event.currentTarget.scrollTop)}
      onPointerMove={() => list.pointerMoved()}
    >
      <div style={{ height: `${matched * LIST_ROW_PX}px` }} role="presentation" />
      {indexes.map(index => {
        const row = rows[index - offset];
        return row === undefined ? (
          <SkeletonRow key={`at ${index}`} index={index} />
        ) : (
          <SessionRow key={row.actor} row={row} index={index} isSelected={row.actor === selected} />
        );
      })}
    </div>
  );
}

function NoRows() {
  const { list } = usePage();
  const isFiltered = list.search.value !== '' || list.states.value.size > 0;
  if (!isFiltered) {
    return (
      <Empty icon="sessions" title="No sessions yet">
        They appear here as soon as the process starts one.
      </Empty>
    );
  }
  return (
    <Empty icon="search" title="No session matches">
      <button
        type="button"
        class="button"
        onClick={() => {
          list.states.value = new Set();
          const input = document.getElementById(SEARCH_ELEMENT_ID) as HTMLInputElement | null;
          if (input === null) return;
          input.value = '';
          input.dispatchEvent(new Event('input', { bubbles: true }));
        }}
      >
        Show all
      </button>
    </Empty>
  );
}
