/** Where in a form an API error is shown: at the fields that it names, or above them all. */
import { type ApiError, asApiError } from "@/api/error";

export interface Failure {
  /** What is wrong with a field, in the API's words. */
  at: (field: string) => string | undefined;
  /** What belongs to no field of the form; null if every part has been said at one. */
  general: ApiError | null;
}

/**
 * `fields` are those that the form shows. A conflict (409) names no field: `conflict` says which one it is about, such as
 * the name that is taken.
 */
export function failureOf(error: unknown, fields: readonly string[], conflict?: string): Failure {
  if (!error) return { at: () => undefined, general: null };
  const found = asApiError(error);
  if (found.status === 409 && conflict) {
    return { at: (field) => (field === conflict ? found.detail : undefined), general: null };
  }
  const at = (field: string) => {
    // `prices.0.input` and `projects.2` belong to the field that they are part of.
    const own = found.errors.find((one) => one.field === field || one.field.startsWith(`${field}.`));
    return own && sentence(own.message);
  };
  const isShown = (name: string) => fields.some((field) => name === field || name.startsWith(`${field}.`));
  const all = found.errors.length > 0 && found.errors.every(({ field }) => isShown(field));
  return { at, general: all ? null : found };
}

function sentence(message: string): string {
  return message.charAt(0).toUpperCase() + message.slice(1);
}
