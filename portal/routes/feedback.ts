import type { IncomingMessage, ServerResponse } from 'node:http';
import { Router } from 'express';
import {
  FEEDBACK_CONTACT_LENGTH,
  FEEDBACK_TEXT_LENGTH,
  FEEDBACK_TOPICS,
  type Feedback,
  feedbackDue,
} from '../../core/feedback';
import {
  FEEDBACK_FORM_LIFETIME_MS,
  type FeedbackForm,
  type FeedbackMistake,
  FeedbackPace,
  type FeedbackResult,
  MOST_OPEN_ENTRIES,
  mistakeIn,
  newFeedbackForm,
  type Typed,
  typedIn,
} from '../feedback';
import { BadForm, readForm } from '../form';
import { type Portal, storing } from '../portal';
import { languageOf, sendPage, translator } from '../respond';
import { isCrossSite } from '../security';
import { sourceOf } from '../source';
import { refuse } from './refuse';

/**
 * Every letter of a text in Tigrinya is nine octets on the way, and it may be as long as any other. Twice as much is read,
 * so that who pastes too much gets it back to shorten it; beyond that its beginning.
 */
const MAX_FORM_OCTETS = 20 * (FEEDBACK_TEXT_LENGTH + FEEDBACK_CONTACT_LENGTH);

/** GET and POST /feedback: write to the town about barriers, or about anything else here. */
export function feedbackRoutes(portal: Portal): Router {
  const router = Router();
  const pace = new FeedbackPace(portal.random);
  router.get('/feedback', (request, response) => {
    const form = new URLSearchParams({ topic: request.query.topic === 'accessibility' ? 'accessibility' : 'other' });
    showForm(portal, request, response, { typed: typedIn(form) });
  });
  router.post('/feedback', async (request, response) => {
    let isCut = false;
    const form = await readForm(request, MAX_FORM_OCTETS).catch((error: unknown) => {
      if (!(error instanceof BadForm) || error.begun === undefined) throw error;
      isCut = true;
      return error.begun;
    });
    if (isCrossSite(request, portal.town.config.portal.url)) {
      refuse(portal, request, response, 'cross-site');
      return;
    }
    const typed = typedIn(form);
    const shown = fresh(portal, portal.town.feedbackForms.open(form.get('form')));
    const wrong = mistakeIn(typed) ?? (isCut ? 'long' : shown === undefined ? 'expired' : undefined);
    if (shown === undefined || wrong !== undefined) {
      portal.metrics.feedback('invalid');
      showForm(portal, request, response, { typed, ...(shown && { shown }), mistake: wrong ?? 'expired' });
      return;
    }
    const entry = entryOf(portal, request, shown, typed);
    const source = sourceOf(request, portal.town.config.portal.trustProxy);
    const result = pace.allows(source, portal.clock.monotonic()) ? await keep(portal, entry) : 'busy';
    if (result !== 'failed') portal.metrics.feedback(result);
    if (result === 'kept' || result === 'known') showThanks(portal, request, response, entry);
    else showForm(portal, request, response, { typed, shown, mistake: result === 'failed' ? 'store' : 'busy' });
  });
  return router;
}

function fresh({ clock }: Portal, shown: FeedbackForm | undefined): FeedbackForm | undefined {
  return shown && clock.now() < shown.shownAt + FEEDBACK_FORM_LIFETIME_MS ? shown : undefined;
}

function entryOf(portal: Portal, request: IncomingMessage, shown: FeedbackForm, typed: Typed): Feedback {
  const now = portal.clock.now();
  const { topic, text, contact } = typed;
  const language = languageOf(portal, request);
  const { reference } = shown;
  const about = { reference, topic, text, language, receivedAt: now, dueAt: feedbackDue(now) };
  return contact === '' ? about : { ...about, contact };
}

/** A store that fails must not take what was typed with it. */
async function keep(portal: Portal, entry: Feedback): Promise<FeedbackResult | 'failed'> {
  try {
    return await storing(portal.store.putFeedback(entry, MOST_OPEN_ENTRIES));
  } catch (error) {
    portal.log.error('feedback-not-kept', { err: error instanceof Error ? error.cause : error });
    return 'failed';
  }
}

interface FormPage {
  readonly typed: Typed;
  /** The form that was sent; without it a new one is made. */
  readonly shown?: FeedbackForm;
  readonly mistake?: FeedbackMistake;
}

const STATUS: Readonly<Partial<Record<FeedbackMistake, number>>> = { long: 413, contact: 413, busy: 429, store: 503 };

/** The browser itself lets nobody type more: its word is for whatever does not keep to `maxlength`. */
const LENGTHS = { text: FEEDBACK_TEXT_LENGTH, contact: FEEDBACK_CONTACT_LENGTH };

function showForm(portal: Portal, request: IncomingMessage, response: ServerResponse, page: FormPage): void {
  const { typed, mistake } = page;
  const { town, clock, random } = portal;
  const language = languageOf(portal, request);
  const t = translator(portal, language);
  const { email, phone } = town.config.town.contact;
  const contact = phone === undefined ? email : `${phone}, ${email}`;
  const field = mistake === 'contact' ? 'contact' : mistake === 'empty' || mistake === 'long' ? 'text' : undefined;
  if (mistake === 'busy' || mistake === 'store') response.setHeader('Retry-After', '180');
  sendPage(portal, request, response, {
    name: 'feedback',
    // The browser's title is what a screen reader says first.
    title: mistake === undefined ? t('feedback.title') : t('feedback.mistake.title'),
    ...(mistake === undefined && { lead: t('feedback.lead') }),
    language,
    ...(mistake !== undefined && { status: STATUS[mistake] ?? 400 }),
    view: {
      ...typed,
      topics: FEEDBACK_TOPICS,
      form: town.feedbackForms.close(page.shown ?? newFeedbackForm(random, clock.now())),
      mistake: mistake && t(`feedback.mistake.${mistake}`, { contact, length: LENGTHS[field ?? 'text'] }),
      field,
      textLength: FEEDBACK_TEXT_LENGTH,
      contactLength: FEEDBACK_CONTACT_LENGTH,
    },
  });
}

function showThanks(portal: Portal, request: IncomingMessage, response: ServerResponse, entry: Feedback): void {
  const language = languageOf(portal, request);
  const t = translator(portal, language);
  sendPage(portal, request, response, {
    name: 'feedback-sent',
    title: t('feedback.sent.title'),
    language,
    view: {
      reference: entry.reference,
      due: portal.town.formats.get(language)?.day(entry.dueAt),
      wantsAnswer: entry.contact !== undefined,
    },
  });
}
