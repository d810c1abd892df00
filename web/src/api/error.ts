import type { FieldError } from "./schema";

/** Any answer other than success, and a server that does not answer (`status` 0). */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    readonly status: number,
    /** What went wrong, in words that the user reads. */
    readonly detail: string,
    /** Of a validation error: the fields and what is wrong with each. */
    readonly errors: FieldError[] = [],
    /** Finds the request in the server's log. */
    readonly requestId: string | null = null,
    /** Seconds after which to come back, where the server says so. */
    readonly retryAfter: number | null = null,
  ) {
    super(detail);
  }

  /** The message of one field of a form, if that is what is wrong. */
  field(name: string): string | undefined {
    return this.errors.find((error) => error.field === name)?.message;
  }

  /** Whether asking again may help: the server is away, overloaded or failed. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** The ApiError of an answer in the error shape, or of one that some proxy wrote. */
export async function errorOf(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  const shape = (typeof body === "object" && body !== null ? body : {}) as Partial<{
    detail: string;
    errors: FieldError[];
    request_id: string;
  }>;
  const seconds = Number(response.headers.get("retry-after"));
  return new ApiError(
    response.status,
    typeof shape.detail === "string" ? shape.detail : `The server answered with status ${response.status}.`,
    shape.errors ?? [],
    shape.request_id ?? response.headers.get("x-request-id"),
    Number.isFinite(seconds) && seconds > 0 ? seconds : null,
  );
}

/** Any thrown thing as an ApiError, so that there is one thing to show. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(-1, error instanceof Error ? error.message : "Something failed in this page.");
}
