"""The documents of a made-up company, the questions that its people ask about them, and the answers."""

SYSTEM = (
    "Answer from the passages alone, in two or three sentences, and name the passage in square brackets. If they do "
    "not say it, answer: I could not find this in the documents."
)

PASSAGES: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    (
        "travel-policy.pdf#4",
        "Journeys of less than five hours are made by train, second class. Flights are booked by the travel desk, at "
        "least ten days ahead; business class needs the approval of a member of the board. Receipts are handed in "
        "within 30 days.",
        ("Am I allowed to fly to {city}?", "how late can I hand in receipts", "Who approves business class?"),
        "Journeys under five hours are made by train; flights go through the travel desk at least ten days ahead. "
        "Receipts must be handed in within 30 days [travel-policy.pdf#4].",
    ),
    (
        "parental-leave.md#2",
        "Parents may take up to 14 months of leave, of which two are reserved for the second parent. Tell your lead "
        "and HR seven weeks before it starts. During leave the laptop stays with you, the phone contract is paused.",
        ("How early do I have to announce parental leave?", "Can I keep the laptop during parental leave?"),
        "Tell your lead and HR seven weeks before the start. You keep the laptop; the phone contract is paused "
        "[parental-leave.md#2].",
    ),
    (
        "incident-handbook.md#7",
        "Severity 1 is any incident that stops payments for more than five minutes. The person on call opens a bridge, "
        "names an incident lead and informs {city} within 15 minutes. A review without blame follows in five days.",
        ("What counts as sev 1?", "Who do I inform in an incident, and how fast?", "when is the post mortem due"),
        "Severity 1 is whatever stops payments for more than five minutes. The person on call opens a bridge and informs "
        "{city} within 15 minutes; the review follows within five days [incident-handbook.md#7].",
    ),
    (
        "supplier-contract-{n}.pdf#11",
        "Either side may end this agreement with notice of {n} months to the end of a quarter. The right to terminate "
        "for cause stays untouched. Prices may be raised once a year by at most the consumer price index.",
        ("What is the notice period in supplier contract {n}?", "May the supplier of contract {n} raise prices?"),
        "The notice period is {n} months to the end of a quarter. Prices may rise once a year, by at most the consumer "
        "price index [supplier-contract-{n}.pdf#11].",
    ),
    (
        "security-baseline.md#3",
        "Customer data is classed as confidential. It may leave the company only encrypted, and is never pasted into "
        "services that are not on the list of approved tools. Lost devices are reported within one hour.",
        ("Can I paste customer data into a translation website?", "My phone was stolen, what now?"),
        "Confidential data must not be pasted into services outside the list of approved tools. A lost device has to be "
        "reported within one hour [security-baseline.md#3].",
    ),
    (
        "product-manual-x{n}.pdf#28",
        "If the pump of the X{n} shows E{n}, close the inlet, wait 30 seconds and open it again. If the code comes back, "
        "replace the membrane (part 88-{n}). The membrane lasts about 4,000 hours of operation.",
        ("What does E{n} on the X{n} mean?", "how often must the membrane of the X{n} be replaced"),
        "E{n} points to the membrane: close the inlet for 30 seconds, and replace part 88-{n} if the code returns. A "
        "membrane lasts about 4,000 hours [product-manual-x{n}.pdf#28].",
    ),
    (
        "expenses-faq.md#1",
        "Meals with customers are paid up to {amount} euros a person; name the customer on the receipt. Tips are paid up "
        "to ten per cent. Alcohol is not paid unless a member of the board takes part.",
        ("How much can I spend on a dinner with customers?", "Are tips reimbursed?"),
        "Up to {amount} euros a person, with the customer named on the receipt; tips up to ten per cent "
        "[expenses-faq.md#1].",
    ),
)

NOT_FOUND = "I could not find this in the documents."
UNKNOWN = (
    "When was the office in {city} opened?",
    "What did we pay for the trade fair last year?",
    "canteen menu today?",
)
SUMMARY_REQUEST = "Summarise the document in at most five bullet points for somebody who has one minute.\n\n"
SUMMARY = (
    "- {first}\n- Exceptions need a written approval.\n- Deadlines are counted in working days.\n"
    "- Questions go to the owner named on page {n}."
)
COMMENTS = {
    1: ("The passage says the opposite.", "It's in the manual on page 28, why can't it find that?"),
    2: ("Outdated version of the document.", None),
    3: (None,),
    4: (None, "Right, but I had to open the PDF for the details."),
    5: (None, "Saved me half an hour.", None),
}
