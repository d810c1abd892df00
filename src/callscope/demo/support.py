"""What customers ask the support assistant of a made-up shop, and what it answers."""

SYSTEM = (
    "You are the support assistant of Nordlicht, a shop for outdoor equipment. Be friendly and short. Look orders up "
    "before you speak of them, never promise a refund above 150 euros, and hand over to a colleague when asked to."
)

TOPICS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "delivery",
        (
            "Where is my parcel? Order {order}, it should have been here on {weekday}.",
            "hi, tracking for {order} says 'in transit' for {n} days now, is it lost?",
            "Order {order} was promised for {weekday}. Can you tell me where it is?",
        ),
        (
            "I am sorry about the wait. Order {order} left our depot in {city} and is with the carrier; the new "
            "estimate is {weekday}. If it has not arrived by then, write to me and I send a new {product} at once.",
            "I have looked it up: your parcel with the {product} was scanned in {city} this morning, so it should be "
            "with you by {weekday}. You can follow it under Orders → {order}.",
        ),
    ),
    (
        "return",
        (
            "I'd like to send the {product} back, it is too small. How does that work?",
            "How long do I have to return something? I bought a {product} {n} weeks ago.",
            "The {product} from order {order} isn't for me. Can I return it without the box?",
        ),
        (
            "No problem. Open order {order}, choose the {product} and print the label; drop the parcel at any pick-up "
            "point. The money is back within {n} working days after it reaches us.",
            "You have 60 days for that. The original box is not needed as long as the {product} is packed safely. "
            "Shall I send the label to the address we have for order {order}?",
        ),
    ),
    (
        "refund",
        (
            "You got my return {n} days ago and I still don't have my {amount} euros.",
            "When do I get the refund for {order}?",
        ),
        (
            "Your return arrived in {city} on {weekday} and was checked. The refund of {amount} euros was released "
            "today; banks take up to {n} days to show it.",
            "I see the return of the {product}, but it has not been checked yet. That usually takes two days. I have "
            "moved it to the front of the queue.",
        ),
    ),
    (
        "defect",
        (
            "The zip of my {product} broke after {n} weeks. Is that covered?",
            "My {product} leaks at the seam, I am quite disappointed. What can you do?",
        ),
        (
            "That should not happen. The {product} has a guarantee of three years, so you can choose: we repair it, "
            "or you get a new one. A photo of the damage is all I need.",
            "I am sorry! Seams are covered. I have opened case {case}: our workshop in {city} repairs the {product} "
            "free of charge and sends it back within {n} days.",
        ),
    ),
    (
        "advice",
        (
            "Which {product} would you take for {n} days in Norway in October?",
            "Is the {product} warm enough for minus ten? I get cold easily.",
            "What's the difference between the two {product} models, is the dear one worth it?",
        ),
        (
            "For that I would take the {product} in the Fjell line: it is 300 g heavier, but dry after {n} hours of "
            "rain, and it packs small. The Luft line is for summer.",
            "Honestly, not alone. The {product} is rated for minus five; with a liner for {amount} euros you get to "
            "minus twelve. If you get cold easily, look at the Vinter line instead.",
        ),
    ),
    (
        "account",
        (
            "I can't log in any more, the reset mail never comes.",
            "How do I change the address of my account? I have moved to {city}.",
        ),
        (
            "The reset mail went out {n} minutes ago, but your provider delayed it. Please look into the spam folder "
            "for a mail from konto@nordlicht.example; the link holds for an hour.",
            "Welcome to {city}! Open Account → Addresses and set the new one as default. Order {order} is still "
            "packed, so I have changed it there already.",
        ),
    ),
    (
        "invoice",
        (
            "I need an invoice with our VAT number for {order}.",
            "The invoice of {order} shows {amount} euros, but I paid less with a voucher?",
        ),
        (
            "Of course. Enter the VAT number under Account → Company; the invoice of {order} is then made anew and "
            "sent to you within minutes.",
            "Well spotted: the voucher is listed as a payment, not as a discount, so the total stays {amount} euros. "
            "What you paid is in the last line of the invoice.",
        ),
    ),
)

FAREWELL = "Great, that's all. Thank you!"
FOLLOW_UPS: tuple[tuple[str, str], ...] = (
    (
        "Thanks. And can it go to a pick-up point?",
        "Yes. I have changed it to the pick-up point in {city}, Hauptstraße {n}.",
    ),
    (
        "ok but why did nobody tell me",
        "You are right, a message should have gone out. I have passed that on as {case}.",
    ),
    (
        "Can I exchange it for a {product}?",
        "Sure, a {product} costs {amount} euros; I have put the difference on the label.",
    ),
    (
        "I want to talk to a human please.",
        "I have handed this over. A colleague calls you on {weekday} before noon, case {case}.",
    ),
    (
        "What does the express delivery cost?",
        "Express is {n} euros and arrives the next working day if ordered by 2 pm.",
    ),
    (FAREWELL, "You are welcome! Have a good time outside with your {product}."),
    (
        "Are you sure? The website says something else.",
        "You are right to ask: the page shows the old rule. {n} days is correct.",
    ),
    (
        "And is the {product} back in stock soon?",
        "It is expected on {weekday}. I can send you a message when it is there.",
    ),
)

FOREIGN: tuple[tuple[str, str, str], ...] = (
    (
        "de",
        "Wo bleibt meine Bestellung {order}? Ich warte seit {n} Tagen.",
        "Das tut mir leid. Ihr Paket mit dem Artikel „{product}“ liegt im Verteilzentrum {city} und kommt voraussichtlich am {n}. an.",
    ),
    (
        "es",
        "Hola, quiero devolver un artículo del pedido {order}. ¿Cómo lo hago?",
        "¡Hola! Abra el pedido {order}, elija el artículo e imprima la etiqueta. El reembolso llega en {n} días.",
    ),
    (
        "fr",
        "Bonjour, la fermeture de mon sac est cassée, c'est couvert par la garantie ?",
        "Bonjour, oui : la garantie est de trois ans. Envoyez-moi une photo et nous réparons le sac sous {n} jours.",
    ),
    (
        "ja",
        "注文{order}はいつ届きますか？",
        "ご注文{order}は現在{city}の配送センターにあり、{n}日以内にお届けする予定です。",
    ),
    ("ar", "متى تصل طلبيتي رقم {order}؟", "طلبيتك رقم {order} في الطريق، وستصل خلال {n} أيام."),
)

PRODUCTS = (
    "rain jacket", "down sleeping bag", "two-person tent", "trekking pack 45 l", "gas stove", "head lamp",
    "merino base layer", "hiking boots", "water filter", "folding chair", "climbing harness", "ski gloves",
)  # fmt: skip
CITIES = ("Hamburg", "Leipzig", "Lyon", "Malmö", "Rotterdam", "Graz", "Porto", "Gdańsk", "Turin", "Bergen")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
INTENTS = ("delivery", "return", "refund", "defect", "advice", "account", "invoice", "complaint")

COMMENTS = {
    1: ("Did not answer my question at all.", "Wrong order number, twice!", "It promised a refund that I never got."),
    2: ("Too long, and the link was broken.", "Polite but no help.", None),
    3: (None, "ok", "Had to ask twice."),
    4: (None, None, "Quick and mostly right."),
    5: (None, None, "Perfect, thank you!", "Solved in one minute.", "Better than the hotline."),
}  # fmt: skip
