"""A web application. Each request's end user and conversation are on the calls that it makes.

uvicorn fastapi_app:app --app-dir examples --port 8010
curl -s 'localhost:8010/ask?question=What+is+AI' -H 'X-User: customer-17' -H 'X-Chat: chat-77'
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import openai
from fastapi import FastAPI, Header

import callscope

db = callscope.connect()
client = callscope.instrument(
    openai.AsyncOpenAI(
        base_url=os.environ.get("OPENAI_BASE_URL", "http://127.0.0.1:8900/v1"),
        api_key=os.environ.get("OPENAI_API_KEY", "any"),
    ),
    db,
)


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    yield
    await client.close()
    db.close()


app = FastAPI(lifespan=lifespan)


@app.get("/ask")
async def ask(
    question: str, x_user: Annotated[str | None, Header()] = None, x_chat: Annotated[str | None, Header()] = None
) -> dict[str, str | None]:
    with callscope.observe("ask", end_user=x_user, session_id=x_chat):
        answer = await client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": question}]
        )
    return {"answer": answer.choices[0].message.content}
