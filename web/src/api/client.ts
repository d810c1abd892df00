/**
 * The typed client of the server's API. Paths, parameters and answers are checked against `schema.d.ts`, which is
 * generated from /openapi.json. The session cookie says who asks.
 */
import createClient from "openapi-fetch";
import { connection } from "./connection";
import { ApiError, errorOf } from "./error";
import type { paths } from "./schema";

/** Called when the server does not know the session (any more). The router sets it. */
export const session = { ended: () => {} };

/** Routes whose 401 is an answer about what was typed, not about the session. */
const OWN_401 = ["/auth/login", "/auth/password"];

export const api = createClient<paths, "application/json">({
  baseUrl: typeof location === "undefined" ? "http://localhost" : location.origin,
  credentials: "same-origin",
  fetch: ask,
  querySerializer: { array: { style: "form", explode: true } },
});

async function ask(request: Request): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(request);
  } catch (error) {
    if (request.signal.aborted || (error instanceof DOMException && error.name === "AbortError")) throw error;
    connection.lost();
    throw new ApiError(0, "The server does not answer. It may be restarting, or the network is down.");
  }
  if (response.ok) {
    connection.answered();
    return response;
  }
  // 502 and 504 are a proxy's words for a server that is away.
  if (response.status === 502 || response.status === 503 || response.status === 504) connection.lost();
  else connection.answered();
  if (response.status === 401 && !OWN_401.includes(new URL(request.url).pathname)) session.ended();
  throw await errorOf(response);
}

/** The `data` of an answer: `await data(api.GET("/projects"))`. Throws ApiError. Routes that answer `null` need none. */
export async function data<T>(answer: Promise<{ data?: { data: T } }>): Promise<T> {
  const { data: body } = await answer;
  if (body === undefined) throw new ApiError(-1, "The server answered without a body.");
  return body.data;
}

interface PageOf<T> {
  items: T[];
  next_cursor: string | null;
}

const MOST_PAGES = 20;

/** All items of a paged list that is short by nature (users, projects, models): at most 20 pages of 500. */
export async function everyPage<T>(
  ask: (page: { limit: number; cursor?: string }) => Promise<{ data?: { data: PageOf<T> } }>,
): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const found = await data(ask({ limit: 500, cursor }));
    items.push(...found.items);
    if (found.next_cursor === null) break;
    cursor = found.next_cursor;
  }
  return items;
}
