"""JOINS: gather, plan, claim, submit, publish, record. The one way anything gets run."""
