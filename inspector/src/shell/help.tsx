import './help.css';
import { useEffect, useRef } from 'preact/hooks';
import { KEY_HELP } from '../keys/keymap.ts';
import { usePage } from '../store/page.ts';
import { Icon } from '../ui/icon.tsx';

/** The sheet with the keys. */
export function Help() {
  const { view } = usePage();
  return view.help.value ? <Sheet /> : null;
}

function Sheet() {
  const { view } = usePage();
  const closer = useRef<HTMLButtonElement>(null);
  const close = (): void => {
    view.help.value = false;
  };
  useEffect(() => {
    const before = document.activeElement;
    closer.current?.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape and the button close it as well
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape and the button close it as well
    <div class="help-backdrop" onClick={event => event.target === event.currentTarget && close()}>
      <div class="help" role="dialog" aria-modal="true" aria-labelledby="help-title">
        <div class="help-head">
          <h2 id="help-title">Keys</h2>
          <button ref={closer} type="button" class="icon-button" onClick={close} aria-label="Close">
            <Icon name="close" />
          </button>
        </div>
        {KEY_HELP.map(([title, keys]) => (
          <section key={title}>
            <h3>{title}</h3>
            {keys.map(([names, meaning]) => (
              <div class="help-key" key={names}>
                <span>{names.split(' ').map(name => (name === '–' ? name : <kbd key={name}>{name}</kbd>))}</span>
                <span>{meaning}</span>
              </div>
            ))}
          </section>
        ))}
      </div>
    </div>
  );
}
