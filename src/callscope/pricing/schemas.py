"""What `/llm/models` takes and gives."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from callscope.pricing.price_schemas import (
    PRICE,
    DollarsPer1k,
    Name,
    PriceDetail,
    PriceIn,
    PriceOut,
    Second,
    not_blank,
)

Provider = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(not_blank)]


class PricedAs(BaseModel):
    """A model of the price book."""

    model_config = ConfigDict(
        extra="forbid",
        str_strip_whitespace=True,
        json_schema_extra={"examples": [{"provider": "azure", "model": "gpt-4o"}]},
    )

    provider: Provider
    model: Name


class ModelIn(BaseModel):
    """A new model of the catalogue."""

    model_config = ConfigDict(
        extra="forbid",
        str_strip_whitespace=True,
        json_schema_extra={
            "examples": [{"name": "our-llama", "provider": "vllm", "prices": [{"input": 1, "output": 2}]}]
        },
    )

    name: Name
    provider: Provider
    cost_per_1k_tokens: DollarsPer1k | None = Field(
        None, description="A flat rate in dollars per 1,000 tokens, for prompt and completion alike."
    )
    cost_per_1k_tokens_from: Second | None = Field(None, description="From when on it holds; if left out, since ever.")
    priced_as: PricedAs | None = Field(None, description="The model of the price book that this one is.")
    prices: list[PriceIn] = Field(default_factory=list, max_length=100)


class ModelPatch(BaseModel):
    """What to change of a model; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"enabled": False}, {"prices": [PRICE]}]})

    enabled: bool = Field(True, description="Whether programs may use the model.")
    cost_per_1k_tokens: DollarsPer1k | None = Field(
        None, description="A flat rate in dollars per 1,000 tokens; null removes it. It goes before all prices."
    )
    cost_per_1k_tokens_from: Second | None = Field(
        None,
        description="With `cost_per_1k_tokens`: from when on it holds, not later than now; null: since ever. If left out, "
        "it holds from now on; or since ever, where the model had no price before. The rate before it is kept.",
    )
    priced_as: PricedAs | None = Field(
        None,
        description="The model of the price book that this one is, for names that are your own, such as an Azure "
        "deployment's; null removes it. Administrators' prices go before it.",
    )
    prices: list[PriceIn] = Field(
        default_factory=list, max_length=100, description="Prices to add. Those that there are stay."
    )


class ModelOut(BaseModel):
    """A model of the catalogue and what it costs."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 1,
                    "name": "gpt-4",
                    "provider": "openai",
                    "cost_per_1k_tokens": 0.03,
                    "enabled": True,
                    "cost_per_1k_tokens_from": None,
                    "priced_as": None,
                    "prices": [],
                }
            ]
        }
    )

    id: int
    name: str
    provider: str
    cost_per_1k_tokens: float | None = Field(description="The flat rate in dollars per 1,000 tokens, if there is one.")
    cost_per_1k_tokens_from: datetime | None = Field(description="From when on it holds; null: since ever.")
    enabled: bool
    priced_as: PricedAs | None = Field(
        description="The model of the price book that it is, where an administrator said so."
    )
    prices: Sequence[PriceOut] = Field(
        description="What is in force now and what will be, oldest first. Empty: the flat rate holds, or no price is known."
    )


class ModelDetail(ModelOut):
    """A model with all its prices."""

    prices: Sequence[PriceDetail] = Field(
        description="All prices that it has had, has and will have, oldest first, flat rates too. At any time at most "
        "one of them holds."
    )
    unpriced_reason: str | None = Field(description="Why a call would have no price now; null if it has one.")
