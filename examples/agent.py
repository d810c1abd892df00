"""An agent with a tool. `observe` makes its calls one trace, and names the steps between them."""

import json
import os

import openai

import callscope

db = callscope.connect()
client = callscope.instrument(
    openai.OpenAI(
        base_url=os.environ.get("OPENAI_BASE_URL", "http://127.0.0.1:8900/v1"),
        api_key=os.environ.get("OPENAI_API_KEY", "any"),
    ),
    db,
)
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "The weather in a city.",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string", "enum": ["Paris", "Oslo"]}},
                "required": ["city"],
            },
        },
    }
]


@callscope.observe
def weather(city: str) -> str:
    return f"It is 18 degrees in {city}."


@callscope.observe(session_id="chat-77", end_user="customer-17")
def agent(question: str) -> str:
    messages = [{"role": "user", "content": question}]
    while True:
        answer = client.chat.completions.create(model="gpt-4o", messages=messages, tools=TOOLS).choices[0].message
        if not answer.tool_calls:
            return answer.content or ""
        messages.append(answer)
        for call in answer.tool_calls:
            result = weather(**json.loads(call.function.arguments))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": result})


print(agent("What should I wear in Paris?"))
db.close()
