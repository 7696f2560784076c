/**
 * The day that `YYYY-MM-DD` or `DD/MM/YYYY` names, as `YYYY-MM-DD`. Days as such text are in the order of the calendar. That the day
 * exists is the schema's rule `calendar_date`; other text is a mistake of ours.
 */
export function calendarDay(text: string): string {
  const trimmed = text.trim();
  const [, day, month, year] = /^(\d{2})\/(\d{2})\/(\d{4})$/.exec(trimmed) ?? [];
  const iso = year === undefined ? trimmed : `${year}-${month}-${day}`;
  if (!/^\d{4}-\d{2}-\d{2}$/.test(iso)) throw new Error(`"${text}" is not a calendar day`);
  return iso;
}

/** The day on which a moment lies in UTC, as `YYYY-MM-DD`. */
export const dayOf = (moment: Date): string => moment.toISOString().slice(0, 10);
