"""What the goods cost."""

import os

from tasker import StepHandler, Worker, handler


@handler("ThreeLanguages::QuoteHandler")
class QuoteHandler(StepHandler):
    def process(self, task, sequence, step):
        return {"amount_cents": task.context["quantity"] * step.handler_config["unit_price_cents"]}


Worker(os.environ.get("TASKER_ADDRESS", "127.0.0.1:7420"), name="quotes", handlers=[QuoteHandler]).run()
