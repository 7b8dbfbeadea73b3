"""Contract files: YAML that people write, read to the same terms as Python builds, and back."""

from gridpact.contracts.files.product_files import product_file, read_arguments
from gridpact.contracts.files.reading import ContractFile, read_contract
from gridpact.contracts.files.writing import write_contract

__all__ = ["ContractFile", "product_file", "read_arguments", "read_contract", "write_contract"]
