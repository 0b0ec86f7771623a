"""How the files of saved traces begin: enough to tell them from configs without reading what reads them."""

from typing import Final

FORMAT: Final = "backtrace trace"
MAGIC: Final = b"PK\x03\x04"
COLUMNS: Final = "epoch,step,sample,key,value"
