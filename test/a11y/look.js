/**
 * Runs inside the page that is looked at, beside axe-core; the types of the browser are no part of this project.
 *
 * A rule of axe reads the elements that are shown, their boxes, their colours. Most read the first only. So a page that has
 * been looked at wholly once is looked at again, in other colours or with larger text, for what is not the same.
 */
globalThis.look = (() => {
  const COLOURS = ['color-contrast', 'link-in-text-block'];
  const BOXES = ['target-size', 'scrollable-region-focusable'];
  const WHOLE = {
    runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] },
    rules: { 'css-orientation-lock': { enabled: true } },
  };
  const BRIEF = { resultTypes: ['violations', 'incomplete'], selectors: false, iframes: false };
  const LEAST_TARGET = 24;
  const CONTROLS = 'a[href], button, summary, label:has(input), input:not([type=hidden]), textarea';
  const FOCUSABLE = 'a[href], button, summary, input:not([type=hidden]), textarea';

  /** What was shown, and which boxes, when the rules that depend on it were asked; anew for each document. */
  const asked = { of: null, shown: new Set(), boxes: new Set() };

  /** Where the browser's emulation has not arrived, every finding would be of something else. */
  function isWhere({ dark, forced, fontSize, width }) {
    const probe = Object.assign(document.createElement('p'), { style: 'font-size: medium; position: absolute' });
    document.body.append(probe);
    const medium = Number.parseFloat(getComputedStyle(probe).fontSize);
    probe.remove();
    return (
      matchMedia('(prefers-color-scheme: dark)').matches === dark &&
      matchMedia('(forced-colors: active)').matches === forced &&
      medium === fontSize &&
      innerWidth === width
    );
  }

  // Forced colours paint text in `color` alone; axe would ask for the colour that the style sheet wanted to fill it with.
  const readValue = CSSStyleDeclaration.prototype.getPropertyValue;
  let isForced = false;
  CSSStyleDeclaration.prototype.getPropertyValue = function (name) {
    return readValue.call(this, isForced && name === '-webkit-text-fill-color' ? 'color' : name);
  };

  const isShown = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });

  /** Whether this was not asked yet of the page that is open. */
  function isNew(set, value) {
    const before = set.size;
    return set.add(value).size > before;
  }

  function rulesFor(every) {
    if (asked.of !== document.documentElement) {
      asked.of = document.documentElement;
      asked.shown.clear();
      asked.boxes.clear();
    }
    const elements = [...document.body.querySelectorAll('*')].filter(
      (element) => !element.closest('[aria-hidden=true]'),
    );
    const shown = elements.map((element) => (isShown(element) ? '1' : '0')).join('');
    const boxes = elements.map((element) => {
      const { x, y, width, height } = element.getBoundingClientRect();
      return [x, y, width, height].map(Math.round).join(' ');
    });
    const isOther = isNew(asked.shown, shown);
    const isMoved = isNew(asked.boxes, boxes.join());
    if (every || isOther) return WHOLE;
    return { preload: false, runOnly: { type: 'rule', values: isMoved ? [...COLOURS, ...BOXES] : COLOURS } };
  }

  /** Header, languages, footer and each thing of the content: they stand on many pages, and look the same there. */
  const PARTS = 'body > :not(main), main > .hero, main > .content > *';
  const checked = { style: '', parts: new Set() };

  /** The parts whose colours were checked on another page of this language, in this cell. */
  function knownParts(cell) {
    const style = [...document.querySelectorAll('style')].map(({ textContent }) => textContent).join();
    if (style !== checked.style) checked.parts.clear();
    checked.style = style;
    const { lang, dir } = document.documentElement;
    return [...document.querySelectorAll(PARTS)].filter((part) => {
      const html = part.outerHTML.replaceAll(/ (href|value|action)="[^"]*"/g, '');
      return !isNew(checked.parts, [JSON.stringify(cell), lang, dir, html].join());
    });
  }

  /** What axe finds. A colour that it cannot make out counts: text of the colour of its ground is such a one. */
  async function axeFindings(known, every) {
    const rules = rulesFor(every);
    const context = rules === WHOLE ? document : { include: [document], exclude: known };
    const { violations, incomplete } = await axe.run(context, { ...BRIEF, ...rules });
    const unclear = incomplete.filter(({ id }) => id === 'color-contrast');
    return [...violations, ...unclear].map(({ id, nodes }) => {
      const why = nodes[0].any[0]?.message ?? '';
      return `${id}: ${nodes[0].html} ${why}`;
    });
  }

  const smallTargets = () =>
    [...document.querySelectorAll(CONTROLS)]
      .filter((element) => {
        const { width, height } = element.getBoundingClientRect();
        const isInText = element.closest('p, .text') || element.parentElement.closest('label');
        return isShown(element) && Math.min(width, height) < LEAST_TARGET && !isInText;
      })
      .map((element) => `small target: ${element.outerHTML}`);

  /** Text that reaches beyond the page, and boxes that hide the end of what they hold. */
  function cutOff() {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    if (document.documentElement.scrollWidth > innerWidth) found.push('the page is wider than the screen');
    const range = document.createRange();
    for (let text = texts.nextNode(); text !== null; text = texts.nextNode()) {
      if (text.data.trim() === '') continue;
      range.selectNodeContents(text);
      const { left, right } = range.getBoundingClientRect();
      if (left < -0.5 || right > innerWidth + 0.5) found.push(`reaches out of the page: ${text.data}`);
    }
    for (const element of document.body.querySelectorAll(':not(svg *, .unseen, textarea, input)')) {
      const { overflowX, overflowY } = getComputedStyle(element);
      const isCut =
        (overflowX !== 'visible' && element.scrollWidth > element.clientWidth + 1) ||
        (overflowY !== 'visible' && element.scrollHeight > element.clientHeight + 1);
      if (isCut) found.push(`cut off: ${element.outerHTML}`);
    }
    return found;
  }

  const colour = (text) => new axe.commons.color.Color().parseString(text);

  /** The ground of an element, as far as colours make it. */
  function groundOf(element) {
    for (let at = element; at !== null; at = at.parentElement) {
      const ground = colour(getComputedStyle(at).backgroundColor);
      if (ground.alpha === 1) return ground;
    }
    return colour(getComputedStyle(document.documentElement).backgroundColor);
  }

  /** Each control that has the focus shows it by an outline that stands out from its ground [1.4.11, 2.4.7]. */
  function unseenFocus(known) {
    const found = [];
    for (const element of document.querySelectorAll(FOCUSABLE)) {
      if (!isShown(element) || known.some((part) => part.contains(element))) continue;
      element.focus({ preventScroll: true, focusVisible: true });
      const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(element);
      const ground = groundOf(element.parentElement);
      const line = axe.commons.color.flattenColors(colour(outlineColor), ground);
      const isSeen =
        outlineStyle !== 'none' &&
        Number.parseFloat(outlineWidth) >= 2 &&
        axe.commons.color.getContrast(ground, line) >= 3;
      if (!isSeen) found.push(`focus not to be seen: ${element.outerHTML} ${outlineStyle} ${outlineColor}`);
    }
    document.activeElement?.blur();
    return found;
  }

  const moving = () =>
    [...document.querySelectorAll('*')]
      .filter((element) => {
        const { animationName, transitionDuration } = getComputedStyle(element);
        return animationName !== 'none' || transitionDuration !== '0s';
      })
      .map((element) => `moves: ${element.outerHTML}`);

  /**
   * Everything that is wrong with the page as it stands there now, each in a line.
   * @param cell   where the browser has been brought
   * @param every  asks axe for every rule, whatever was asked before
   */
  return async (cell, every) => {
    if (!isWhere(cell)) return [`the browser is not where it should be: ${JSON.stringify(cell)}`];
    for (const details of document.querySelectorAll('details')) details.open = true;
    // At its end nothing of the page lies under the button that stays in sight.
    scrollTo(0, document.documentElement.scrollHeight);
    isForced = cell.forced;
    const known = every ? [] : knownParts(cell);
    return [...cutOff(), ...smallTargets(), ...unseenFocus(known), ...moving(), ...(await axeFindings(known, every))];
  };
})();
